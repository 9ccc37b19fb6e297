"""The comments in the timelines of the CRM's records.

Source: Bitrix24's documentation of crm.timeline.comment.*: `fields` in small letters, ENTITY_ID and ENTITY_TYPE are
required, the answer is the comment's number.
"""

from __future__ import annotations

from typing import Any

from tests.sandbox import php, traces
from tests.sandbox.crm import classic, need_crm
from tests.sandbox.methods import Call, method

_WITH_TIMELINE = ("lead", "deal", "contact", "company", "order")


@method("crm.timeline.comment.add", "crm")
def comment_add(call: Call) -> Any:
    need_crm(call)
    given = {name: php.text(call.get("fields", name)) for name in ("ENTITY_ID", "ENTITY_TYPE", "COMMENT")}
    kind, number = given["ENTITY_TYPE"], php.integer(given["ENTITY_ID"])
    if kind not in _WITH_TIMELINE or number <= 0:
        raise classic("ENTITY_ID and ENTITY_TYPE are required.")
    if (kind.upper(), number) not in call.portal.entities:
        raise classic("Not found")
    if not traces.may_update(call, kind.upper(), number):
        raise classic("Access denied.")
    call.portal.comments.append({**given, "ID": str(len(call.portal.comments) + 1), "AUTHOR_ID": str(call.user.id)})
    return len(call.portal.comments)


@method("crm.timeline.comment.list", "crm")
def comment_list(call: Call) -> Any:
    need_crm(call)
    wanted = {name: php.text(call.get("filter", name)) for name in ("ENTITY_ID", "ENTITY_TYPE")}
    return [one for one in call.portal.comments if wanted.items() <= one.items()]
