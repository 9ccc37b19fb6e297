"""Where a portal shows us besides our own page: a tab in the CRM's cards, and entries that open the application.

Bound whenever an administrator opens the application, if it has the permission `placement`. Uninstalling the
application removes them. Source: Bitrix24's documentation of `placement.bind`, which needs that permission and that of
the place itself, of CRM_XXX_DETAIL_TAB, CRM_ANALYTICS_MENU and CONTACT_CENTER.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Mapping
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.utils import timezone, translation
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from b24app.api import errors, rest
from b24app.models import Portal
from b24app.portal import calls

logger = logging.getLogger(__name__)

SCOPE = "placement"
# The records whose cards have our tab, by the place's code.
CARDS = {f"CRM_{record.upper()}_DETAIL_TAB": record for record in ("lead", "deal", "contact", "company")}
ANALYTICS, CONTACT_CENTER = "CRM_ANALYTICS_MENU", "CONTACT_CENTER"
# The right that a place needs besides.
_SCOPES = {**dict.fromkeys((*CARDS, ANALYTICS), "crm"), CONTACT_CENTER: "contact_center"}
_TITLES: dict[str, Promise] = {
    **dict.fromkeys(CARDS, _("Visitor journey")),
    ANALYTICS: _("What your website earns"),
    CONTACT_CENTER: _("Requests from your website"),
}
# What a portal calls its languages, where that is not what Django calls them (`b24app.frame.iframe`).
_PORTAL_NAMES = {"pt-br": "br", "es": "la"}
# A page is waiting for these answers.
PAGE_SECONDS = 15.0
# The portal is asked this often what is bound.
LOOK_EVERY = timedelta(hours=1)

Ask = Callable[[str, rest.Params], Any]


def bind(portal: Portal, token: str) -> None:
    """Bind the places that do not lead to us yet; nothing if looked at just now, or left off by an administrator.

    A failure is logged and left for the next opening.
    """
    now = timezone.now()
    is_known = portal.places_bound_at is not None and portal.places_bound_at > now - LOOK_EVERY
    if is_known or not portal.places or SCOPE not in _rights(portal):
        return

    def ask(method: str, params: rest.Params) -> Any:
        return rest.call(portal.client_endpoint, method, params, token=token, read_seconds=PAGE_SECONDS).result

    try:
        _bind_missing(portal, ask)
    except errors.PortalError as error:
        logger.warning("portal %s: its places are not bound yet (%s)", portal.pk, error.code)
    else:
        Portal.objects.filter(pk=portal.pk).update(places_bound_at=now)


def switch(portal: Portal, *, on: bool) -> None:
    """Show us in the portal's places, or nowhere but on our own page; kept whatever the portal answers.

    Raises an error of `b24app.api.errors` where the portal did not take it.
    """
    portal.places, portal.places_bound_at = on, None
    Portal.objects.filter(pk=portal.pk).update(places=on, places_bound_at=None)
    if SCOPE not in _rights(portal):
        return

    def ask(method: str, params: rest.Params) -> Any:
        return calls.call(portal, method, params, read_seconds=PAGE_SECONDS).result

    if on:
        _bind_missing(portal, ask)
    else:
        _send(ask, "placement.unbind", {code: {} for code in _bound(ask("placement.get", {}))})


def may_bind(portal: Portal) -> bool:
    """Whether the application has the right to show itself in the portal's places."""
    return SCOPE in _rights(portal)


def handler_of(code: str) -> str:
    """The address that a place asks."""
    return f"{settings.APP_URL}/b24/app/card/" if code in CARDS else f"{settings.APP_URL}/b24/app/"


def _rights(portal: Portal) -> Collection[str]:
    return {scope.strip() for scope in portal.scope.lower().split(",")}


def _bind_missing(portal: Portal, ask: Ask) -> None:
    rights, bound = _rights(portal), _bound(ask("placement.get", {}))
    missing = [code for code, scope in _SCOPES.items() if scope in rights and code not in bound]
    _send(ask, "placement.bind", {code: _texts(code) for code in missing})


def _bound(answer: Any) -> set[str]:
    """The places that lead to us, by what `placement.get` has answered."""
    rows = [row for row in answer if isinstance(row, dict)] if isinstance(answer, list) else []
    return {code for row in rows if row.get("handler") == handler_of(code := str(row.get("placement", "")).upper())}


def _send(ask: Ask, method: str, wanted: Mapping[str, rest.Params]) -> None:
    """Bind or unbind these places."""
    for code, more in wanted.items():
        try:
            ask(method, {"PLACEMENT": code, "HANDLER": handler_of(code), **more})
        except errors.Refused as error:
            # Bound by somebody else a moment ago, or a place that this portal does not know.
            logger.info("%s %s: %s", method, code, error.description or error.code)


def _texts(code: str) -> dict[str, Any]:
    """What a place is called, in each of our languages."""
    titles = {}
    for language, _name in settings.LANGUAGES:
        with translation.override(language):
            titles[_PORTAL_NAMES.get(language, language)] = {"TITLE": str(_TITLES[code])}
    return {"TITLE": titles["en"]["TITLE"], "LANG_ALL": titles}
