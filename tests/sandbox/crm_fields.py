"""The fields of the CRM's records, as the portal describes them.

Source: the fact sheet on CRM entities.
"""

from __future__ import annotations

from typing import Any

from tests.sandbox.tracking import TAGS

READ_ONLY = {
    "ID", "DATE_CREATE", "DATE_MODIFY", "DATE_CLOSED", "CREATED_BY_ID", "STATUS_SEMANTIC_ID", "STAGE_SEMANTIC_ID",
}  # fmt: skip
MULTIFIELDS = ("PHONE", "EMAIL", "WEB", "IM", "LINK")
_EVERYWHERE = (
    "ID", "TITLE", "ASSIGNED_BY_ID", "OPENED", "COMMENTS", "SOURCE_ID", "SOURCE_DESCRIPTION", "DATE_CREATE",
    "DATE_MODIFY", "CREATED_BY_ID", *TAGS,
)  # fmt: skip
_PERSON = ("NAME", "SECOND_NAME", "LAST_NAME", "HONORIFIC", "POST", "ADDRESS", "BIRTHDATE", *MULTIFIELDS)
_MONEY = ("OPPORTUNITY", "CURRENCY_ID", "CONTACT_ID", "COMPANY_ID")
_ORIGIN = ("ORIGINATOR_ID", "ORIGIN_ID")
NAMES = {
    "LEAD": (
        *_EVERYWHERE,
        *_PERSON,
        *_MONEY,
        *_ORIGIN,
        "COMPANY_TITLE",
        "STATUS_ID",
        "STATUS_SEMANTIC_ID",
        "STATUS_DESCRIPTION",
        "DATE_CLOSED",
    ),  # fmt: skip
    "DEAL": (
        *_EVERYWHERE,
        *_MONEY,
        *_ORIGIN,
        "LEAD_ID",
        "CATEGORY_ID",
        "STAGE_ID",
        "STAGE_SEMANTIC_ID",
        "TYPE_ID",
        "BEGINDATE",
        "CLOSEDATE",
    ),
    "CONTACT": (*_EVERYWHERE, *_PERSON, *_ORIGIN, "ORIGIN_VERSION", "COMPANY_ID", "TYPE_ID"),
    "COMPANY": (*_EVERYWHERE, *MULTIFIELDS, *_ORIGIN, "ORIGIN_VERSION", "COMPANY_TYPE", "INDUSTRY", "ADDRESS"),
    "QUOTE": (*_EVERYWHERE, *_MONEY, "STATUS_ID", "DEAL_ID", "LEAD_ID", "BEGINDATE", "CLOSEDATE"),
}
_TYPES = {
    "ID": "integer", "ASSIGNED_BY_ID": "user", "CREATED_BY_ID": "user", "DATE_CREATE": "datetime",
    "DATE_MODIFY": "datetime", "DATE_CLOSED": "datetime", "OPENED": "char", "SOURCE_ID": "crm_status",
    "STATUS_ID": "crm_status",
    "STAGE_ID": "crm_status", "HONORIFIC": "crm_status", "INDUSTRY": "crm_status", "COMPANY_TYPE": "crm_status",
    "BIRTHDATE": "date", "BEGINDATE": "date", "CLOSEDATE": "date", "OPPORTUNITY": "double",
    "CURRENCY_ID": "crm_currency", "CONTACT_ID": "crm_contact", "COMPANY_ID": "crm_company", "LEAD_ID": "crm_lead",
    "DEAL_ID": "integer", "CATEGORY_ID": "crm_category", "TYPE_ID": "crm_status",
}  # fmt: skip


def user_field(
    name: str, label: str, kind: str, *, required: bool = False, multiple: bool = False, items: tuple[str, ...] = ()
) -> dict[str, Any]:
    """A field that the portal's administrator has made; its `title` is its name, as the portal has it."""
    return {
        "type": kind,
        "isRequired": required,
        "isReadOnly": False,
        "isImmutable": False,
        "isMultiple": multiple,
        "isDynamic": True,
        **({"items": [{"ID": str(44 + n), "VALUE": text} for n, text in enumerate(items)]} if items else {}),
        "title": name,
        "listLabel": label,
        "formLabel": label,
        "filterLabel": label,
        "settings": {},
    }


USER_FIELDS = {
    "UF_CRM_1712000001": user_field(
        "UF_CRM_1712000001", "Size of the company", "enumeration", items=("1 to 9", "10 to 49", "50 and more")
    ),
    "UF_CRM_1712000002": user_field("UF_CRM_1712000002", "Region", "string", required=True),
}


def described(name: str, *, required: bool) -> dict[str, Any]:
    """What the portal says of one of its own fields."""
    multiple = name in MULTIFIELDS
    return {
        "type": _TYPES.get(name, "crm_multifield" if multiple else "string"),
        "isRequired": required,
        "isReadOnly": name in READ_ONLY,
        "isImmutable": False,
        "isMultiple": multiple,
        "isDynamic": False,
        **({"statusType": "SOURCE"} if name == "SOURCE_ID" else {}),
        "title": name.replace("_", " ").capitalize(),
    }
