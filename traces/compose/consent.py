"""A visitor's consent: which value of a submission expresses it, and how it is sent to the portal. Pure.

Source: Bitrix24's documentation of `userconsent.consent.add` and the server's code (`main/lib/userconsent/rest.php`):
AGREEMENT_ID and IP are needed, ORIGIN_ID and ORIGINATOR_ID have 30 characters at most.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from b24app.api import errors
from b24app.api.batch import Command
from traces.compose.submitted import submitted_values
from traces.compose.visitor import Visitor

ADD, SCOPE = "userconsent.consent.add", "userconsent"
# The command's name, and that of its number in a submission's progress: 0 if the portal has not taken it.
NAME = "consent"
GIVEN, MISSING = "given", "missing"
# The portal wants an address, and that of a visitor's machine is kept nowhere: this one says that it is not known.
NO_ADDRESS = "0.0.0.0"
MAX_URL_LENGTH = 4000
_NO = frozenset({"", "0", "false", "no", "off", "n", "none", "null", "unchecked", "нет", "nein", "non"})
_YES = frozenset({"1", "true", "yes", "on", "y", "checked", "agree", "agreed", "accept", "accepted", "да", "ja", "oui"})


def state(field: str, body: Mapping[str, Any], visitor: Visitor) -> str:
    """Whether the visitor has agreed: `GIVEN`, `MISSING`, or "" if unknown.

    `field` is the submitted name of the form's consent. Without one, a consent counts if it is certain: the only
    value with such a name, and nothing but a yes.
    """
    if field:
        return GIVEN if value(field, body).casefold() not in _NO else MISSING
    texts = [text.casefold() for _, text in visitor.consent]
    return GIVEN if len(texts) == 1 and texts[0] in _YES else ""


def value(field: str, body: Mapping[str, Any]) -> str:
    """The value submitted under this name, in upper or lower case; "" if there is none."""
    wanted = field.casefold()
    return next((text for name, text in submitted_values(body) if name.casefold() == wanted), "")


def wording(field: str, body: Mapping[str, Any]) -> str:
    """The text that the form itself sent as the value of its consent; "" if that is only a yes."""
    text = value(field, body) if field else ""
    return "" if text.casefold() in _NO | _YES else text


def add(
    agreement: int, page: str, progress: Mapping[str, Any], made: Sequence[Mapping[str, Any]]
) -> dict[str, Command]:
    """The command that adds the consent to the portal's list, for the record made; none if that is done."""
    if not agreement or NAME in progress:
        return {}
    about = f"{made[-1]['TYPE']} {made[-1]['ID']}" if made else f"TRACE {progress.get('trace', '')}"
    params: dict[str, Any] = {"AGREEMENT_ID": agreement, "IP": NO_ADDRESS}
    if page:
        params["URL"] = page[:MAX_URL_LENGTH]
    return {NAME: Command(ADD, {**params, "ORIGIN_ID": "trace-relay", "ORIGINATOR_ID": about.strip()[:30]})}


def is_forgone(names: Sequence[str], error: errors.PortalError) -> bool:
    """Whether the portal will not take a consent: its records are there, so nothing else waits or fails for it."""
    is_lasting = isinstance(error, errors.Refused) or (
        isinstance(error, errors.Stop) and bool(error.method or error.code == "insufficient_scope")
    )
    return list(names) == [NAME] and is_lasting
