"""The CRM's REST methods that look something up: duplicates, directories.

Source: the fact sheet on CRM entities.
"""

from __future__ import annotations

import re
from typing import Any

from tests.sandbox import php
from tests.sandbox.crm import classic, need_crm
from tests.sandbox.methods import Call, method

MAX_VALUES = 20
_SOURCES = {
    "CALL": "Call", "EMAIL": "E-Mail", "WEB": "Website", "ADVERTISING": "Advertising", "PARTNER": "Existing client",
    "RECOMMENDATION": "By recommendation", "TRADE_SHOW": "Trade show", "WEBFORM": "CRM form",
    "CALLBACK": "Callback", "RC_GENERATOR": "Sales boost", "STORE": "Online store", "OTHER": "Other",
}  # fmt: skip
# The directories by their ENTITY_ID; a deal's stages of a further pipeline begin with its number.
_DIRECTORIES = {
    "SOURCE": _SOURCES,
    "STATUS": {"NEW": "New", "IN_PROCESS": "In progress", "CONVERTED": "Good lead", "JUNK": "Junk lead"},
    "DEAL_STAGE": {"NEW": "Initial", "EXECUTING": "In progress", "WON": "Deal won", "LOSE": "Deal lost"},
    "DEAL_STAGE_3": {"C3:NEW": "First call", "C3:WON": "Contract signed", "C3:LOSE": "Lost"},
}
_PIPELINES = {0: "Sales", 3: "Partners"}


@method("crm.duplicate.findbycomm", "crm")
def find_by_comm(call: Call) -> Any:
    need_crm(call)
    kind, values = call.get("type"), call.get("values")
    if kind not in ("PHONE", "EMAIL"):  # no set: an array may come
        raise classic("Communication type is not defined.")
    if not isinstance(values, list) or not values:
        raise classic("Communication values is not defined.")
    texts = dict.fromkeys(_comparable(kind, value) for value in values if isinstance(value, str) and value)
    wanted = set(list(texts)[:MAX_VALUES])
    only = call.get("entity_type")
    found: dict[str, list[int]] = {}
    for other in ("LEAD", "CONTACT", "COMPANY"):
        numbers = [
            number
            for (known, number), fields in call.portal.entities.items()
            if known == other
            and only in (None, other)
            and any(_comparable(kind, one["VALUE"]) in wanted for one in fields.get(kind) or [])
        ]
        if numbers:
            found[other] = numbers[:MAX_VALUES]
        if len(numbers) >= MAX_VALUES:
            break  # further kinds are not searched
    return found or []


def _comparable(kind: str, text: str) -> str:
    """What the portal compares: a phone without its extension, which stands behind a #."""
    return re.sub(r"\D", "", text.partition("#")[0]) if kind == "PHONE" else text.lower().strip()


@method("crm.status.list", "crm")
def status_list(call: Call) -> Any:
    need_crm(call)
    wanted = php.get(call.get_any_case("filter"), "ENTITY_ID")
    listed = [
        (entity, code, name)
        for entity, codes in _DIRECTORIES.items()
        if wanted in (None, entity)
        for code, name in codes.items()
    ]
    rows = [
        {
            "ID": str(30 + number),
            "ENTITY_ID": entity,
            "STATUS_ID": code,
            "NAME": name,
            "NAME_INIT": name,
            "SORT": str(10 * (number + 1)),
            "SYSTEM": "Y",
            "CATEGORY_ID": entity.removeprefix("DEAL_STAGE_") if entity.startswith("DEAL_STAGE_") else "0",
            "COLOR": None,
            "SEMANTICS": None,
            "EXTRA": None,
        }
        for number, (entity, code, name) in enumerate(listed)
    ]
    call.envelope["total"] = len(rows)
    return rows


@method("crm.category.list", "crm")
def category_list(call: Call) -> Any:
    """The pipelines of deals."""
    need_crm(call)
    if str(call.get("entityTypeId")) != "2":
        return {"categories": []}
    return {
        "categories": [
            {"id": number, "name": name, "sort": 100 * place, "entityTypeId": 2, "isDefault": "N" if number else "Y"}
            for place, (number, name) in enumerate(_PIPELINES.items(), start=1)
        ]
    }


@method("crm.settings.mode.get", "crm")
def settings_mode_get(call: Call) -> Any:
    """1: the CRM works with leads; 2: without ("simple CRM")."""
    return 2 if call.portal.simple_crm else 1
