"""The portal's list of its users. Source: Bitrix24's documentation of user.get."""

from __future__ import annotations

from typing import Any

from tests.sandbox import php
from tests.sandbox.methods import Call, method

PAGE = 50


@method("user.get", "user")
def user_get(call: Call) -> Any:
    """The users, 50 a page; ACTIVE may stand in the filter."""
    wanted = php.get(call.get_any_case("filter"), "ACTIVE")
    users = [
        {"ID": str(user.id), "ACTIVE": user.active, "NAME": user.name, "LAST_NAME": "Moreau"}
        for user in call.portal.users.values()
        if wanted is None or php.truthy(wanted) == user.active
    ]
    start = max(call.start, 0)
    call.envelope["total"] = len(users)
    if start + PAGE < len(users):
        call.envelope["next"] = start + PAGE
    return users[start : start + PAGE]
