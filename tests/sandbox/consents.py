"""Agreements and the visitors' consents to them.

Source: Bitrix24's documentation of `userconsent.*`, and the server's `main/lib/userconsent/rest.php`: names count in
any letter case, the newest agreement comes first, and every fault is ERROR_ARGUMENT with 400.
"""

from __future__ import annotations

import ipaddress
from typing import Any

from tests.sandbox import php
from tests.sandbox.methods import Call, RestError, method

SCOPE = "userconsent"
MAX_ORIGIN_LENGTH = 30


@method("userconsent.agreement.list", SCOPE)
def agreement_list(call: Call) -> Any:
    rows = sorted(call.portal.agreements, key=lambda row: -int(row["ID"]))
    return [{name: row.get(name) for name in ("ID", "NAME", "ACTIVE", "LANGUAGE_ID")} for row in rows]


@method("userconsent.agreement.text", SCOPE)
def agreement_text(call: Call) -> Any:
    row = _agreement(call, call.get_any_case("ID"))
    return {"LABEL": row.get("LABEL", row["NAME"]), "TEXT": row.get("TEXT", "")}


@method("userconsent.consent.add", SCOPE)
def consent_add(call: Call) -> Any:
    _agreement(call, call.get_any_case("AGREEMENT_ID"))
    _check_address(php.text(call.get_any_case("IP")))
    names = ("AGREEMENT_ID", "USER_ID", "IP", "URL", "ORIGIN_ID", "ORIGINATOR_ID")
    given = {name: call.get_any_case(name) for name in names}
    if any(len(php.text(given[name])) > MAX_ORIGIN_LENGTH for name in ("ORIGIN_ID", "ORIGINATOR_ID")):
        raise RestError("ERROR_ARGUMENT", "The value is too long")
    call.portal.consents.append({"ID": len(call.portal.consents) + 1, **given})
    return len(call.portal.consents)


def _agreement(call: Call, number: Any) -> dict[str, Any]:
    if not php.truthy(number):
        raise RestError("ERROR_ARGUMENT", "Parameter `Agreement ID` required.")
    found = [row for row in call.portal.agreements if int(row["ID"]) == php.integer(number)]
    if not found:
        raise RestError("ERROR_ARGUMENT", f"Agreement with id `{php.text(number)}` not found.")
    return found[0]


def _check_address(text: str) -> None:
    try:
        ipaddress.IPv4Address(text)
    except ValueError:
        raise RestError("ERROR_ARGUMENT", "") from None
