"""What the portal itself lists, read live for the pages: the CRM's sources and the fields of its records.

Kept in the process for a few minutes, so that a page that is opened again does not ask again. Nothing is kept of a
failure. All raise an error of `b24app.api.errors` where the portal cannot be asked now: a page then does without.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from django.core.cache import cache

from b24app.api import errors
from b24app.api.batch import Command
from b24app.models import Portal
from b24app.portal import calls

logger = logging.getLogger(__name__)

# Somebody waits for the page.
PAGE_SECONDS = 8.0
CACHE_SECONDS = 300
# A portal is asked so seldom whether it works with leads, unless somebody wants to know now.
MODE_SECONDS = 24 * 3600
# What crm.settings.mode.get answers where a portal works without leads ("simple CRM").
_SIMPLE = 2
# More users than these make no list that one could choose from.
MAX_USERS, _PAGE = 200, 50

_STATUSES = "crm.status.list"

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Field:
    """A field of a CRM record: `name` as `UF_CRM_1`, `title` as the portal shows it, `kind` as `string` or `user`."""

    name: str
    title: str
    kind: str
    required: bool
    multiple: bool
    # For a field of the kind `enumeration`: what can be chosen, as (ID, text).
    items: tuple[tuple[str, str], ...] = ()


def crm_sources(portal: Portal) -> list[tuple[str, str]]:
    """Returns the CRM's sources as (STATUS_ID, name), in the portal's order (crm.status.list, ENTITY_ID SOURCE)."""
    return statuses(portal, "SOURCE")


def known_crm_sources(portal: Portal) -> dict[str, str]:
    """The names of the CRM's sources by their STATUS_ID, without asking: none where nobody has asked lately."""
    return dict(cache.get(_key(portal, _STATUSES, "SOURCE")) or ())


def statuses(portal: Portal, entity_id: str) -> list[tuple[str, str]]:
    """Returns a directory of the CRM as (STATUS_ID, name), in its order.

    `entity_id` names it: `SOURCE`, `STATUS` (a lead's), `DEAL_STAGE`.
    """
    params = {"filter": {"ENTITY_ID": entity_id}, "order": {"SORT": "ASC"}}

    def read(result: Any) -> list[tuple[str, str]]:
        rows = result if isinstance(result, list) else []
        return [(str(row["STATUS_ID"]), str(row.get("NAME", ""))) for row in rows if isinstance(row, dict)]

    return _remembered(portal, _STATUSES, entity_id, params, read)


def stages(portal: Portal, record: str) -> list[tuple[str, list[tuple[str, str]]]]:
    """Returns the stages of a `lead` or a `deal` by pipeline, as (pipeline, [(STATUS_ID, name)]); a lead has one, "".

    The directory DEAL_STAGE is of the first pipeline, DEAL_STAGE_3 of number 3, whose stages begin with `C3:`. All
    directories come at once, not paged (crm.status.list); pipelines have their names in crm.category.list.
    """
    if record == "lead":
        return [("", statuses(portal, "STATUS"))]
    names = _remembered(portal, "crm.category.list", "", {"entityTypeId": 2}, _category_names)

    def read(result: Any) -> list[tuple[str, list[tuple[str, str]]]]:
        found: dict[str, list[tuple[str, str]]] = {}
        for row in result if isinstance(result, list) else []:
            if isinstance(row, dict) and re.fullmatch("DEAL_STAGE(_[0-9]+)?", str(row.get("ENTITY_ID"))):
                number = str(row["ENTITY_ID"])[len("DEAL_STAGE_") :] or "0"
                pipeline = names.get(number, number)
                found.setdefault(pipeline, []).append((str(row["STATUS_ID"]), str(row.get("NAME", ""))))
        return list(found.items())

    return _remembered(portal, "crm.status.list", "deals", {"order": {"SORT": "ASC"}}, read)


def _category_names(result: Any) -> dict[str, str]:
    rows = result.get("categories") if isinstance(result, dict) else []
    return {str(row["id"]): str(row.get("name") or row["id"]) for row in rows or [] if isinstance(row, dict)}


def agreements(portal: Portal) -> list[tuple[str, str]]:
    """Returns the portal's active agreements for visitors' consents as (ID, name) (userconsent.agreement.list).

    It takes the right `userconsent`, which the application does without.
    """

    def read(result: Any) -> list[tuple[str, str]]:
        rows = result if isinstance(result, list) else []
        return [
            (str(row["ID"]), str(row.get("NAME") or row["ID"]))
            for row in rows
            if isinstance(row, dict) and str(row.get("ID", "")).isdecimal() and row.get("ACTIVE") != "N"
        ]

    return _remembered(portal, "userconsent.agreement.list", "", {}, read)


def record_fields(portal: Portal, record: str) -> list[Field]:
    """The fields of a record (`lead`, `deal`, `contact`, `company`, `quote`) that may be written."""

    def read(result: Any) -> list[Field]:
        described = result if isinstance(result, dict) else {}
        return [
            _field(name, facts)
            for name, facts in described.items()
            if isinstance(facts, dict) and not facts.get("isReadOnly")
        ]

    return _remembered(portal, f"crm.{record}.fields", "", {}, read)


def keep_mode(portal: Portal, *, now: bool = False) -> None:
    """Keep with the portal whether its CRM works without leads; it is asked once a day, or `now`.

    Nothing changes where the portal does not answer: the application works without knowing.
    """
    key = f"{portal.pk}:{portal.member_id}:mode"
    if not now and portal.simple_crm is not None and cache.get(key):
        return
    try:
        mode = calls.call(portal, "crm.settings.mode.get", {}, read_seconds=PAGE_SECONDS).result
    except errors.PortalError as error:
        logger.info("portal %s does not say whether it works with leads: %s", portal.pk, error.code)
        return
    portal.simple_crm = str(mode) == str(_SIMPLE)
    Portal.objects.filter(pk=portal.pk).update(simple_crm=portal.simple_crm)
    cache.set(key, True, MODE_SECONDS)


def users(portal: Portal) -> list[tuple[str, str]]:
    """The portal's active users as (ID, name); none where there are too many to choose from.

    It takes the right `user`, which the application does without: then it raises as the others do (user.get).
    """
    key = f"{portal.pk}:{portal.member_id}:user.get"
    found: list[tuple[str, str]] | None = cache.get(key)
    if found is None:
        # A page behind the last one may be an earlier page again.
        found = list(dict.fromkeys((str(row["ID"]), _user_name(row)) for row in _user_rows(portal) if row.get("ID")))
        cache.set(key, found, CACHE_SECONDS)
    return found if len(found) <= MAX_USERS else []


def _user_rows(portal: Portal) -> list[dict[str, Any]]:
    params = {"filter": {"ACTIVE": True}, "sort": "LAST_NAME", "order": "ASC"}
    starts = range(0, MAX_USERS + 1, _PAGE)
    commands = {f"from{start}": Command("user.get", {**params, "start": start}) for start in starts}
    answer = calls.call_batch(portal, commands, read_seconds=PAGE_SECONDS)
    if answer.errors:
        raise next(iter(answer.errors.values()))
    pages = [page for page in answer.results.values() if isinstance(page, list)]
    return [row for page in pages for row in page if isinstance(row, dict)]


def _user_name(row: dict[str, Any]) -> str:
    names = [str(row.get(part) or "").strip() for part in ("LAST_NAME", "NAME")]
    return " ".join(filter(None, names)) or str(row["ID"])


def _field(name: str, facts: dict[str, Any]) -> Field:
    title = facts.get("formLabel") or facts.get("listLabel") or facts.get("title") or name
    items = facts.get("items") or []
    return Field(
        name=name,
        title=str(title),
        kind=str(facts.get("type", "string")),
        required=bool(facts.get("isRequired")),
        multiple=bool(facts.get("isMultiple")),
        items=tuple((str(item["ID"]), str(item["VALUE"])) for item in items if isinstance(item, dict)),
    )


def _key(portal: Portal, method: str, about: str) -> str:
    return f"{portal.pk}:{portal.member_id}:{method}:{about}"


def _remembered(portal: Portal, method: str, about: str, params: dict[str, Any], read: Callable[[Any], T]) -> T:
    key = _key(portal, method, about)
    result: T | None = cache.get(key)
    if result is None:
        result = read(calls.call(portal, method, params, read_seconds=PAGE_SECONDS).result)
        cache.set(key, result, CACHE_SECONDS)
    return result
