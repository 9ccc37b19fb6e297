"""Which events of the application's life a portal tells us of: they are bound to our address at each opening.

Source: Bitrix24's documentation of `event.get`, `event.bind` and of the ONAPP* events.
"""

from __future__ import annotations

import functools
import logging
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.utils import timezone

from b24app.api import errors, rest
from b24app.models import Portal
from b24app.portal import calls

logger = logging.getLogger(__name__)

EVENTS = ("ONAPPINSTALL", "ONAPPUPDATE", "ONAPPUNINSTALL", "ONAPPPAYMENT", "ONSUBSCRIPTIONRENEW")
# A page is waiting for these answers.
PAGE_SECONDS = 15.0
# The portal is asked this often what is bound: each request of an opening is one less for deliveries.
LOOK_EVERY = timedelta(hours=1)


def bind(portal: Portal, token: str) -> None:
    """Bind the events of the application's life that are not bound to our address yet; nothing if looked at just now.

    A failure is logged and left for the next opening: without these events all still works, later.
    """
    now = timezone.now()
    if portal.events_bound_at and portal.events_bound_at > now - LOOK_EVERY:
        return
    try:
        _bind_missing(functools.partial(rest.call, portal.client_endpoint, token=token, read_seconds=PAGE_SECONDS))
    except errors.PortalError as error:
        logger.warning("portal %s: events not bound yet (%s)", portal.pk, error.code)
    else:
        Portal.objects.filter(pk=portal.pk).update(events_bound_at=now)


def bind_again(portal: Portal) -> None:
    """Bind what is missing with the stored permission. Raises an error of `b24app.api.errors`."""
    _bind_missing(functools.partial(calls.call, portal, read_seconds=PAGE_SECONDS))


def missing(bound: Any) -> list[str]:
    """Returns those of `EVENTS` that are not sent to our address, by what `event.get` has answered."""
    rows = [row for row in bound if isinstance(row, dict)] if isinstance(bound, list) else []
    have = {str(row.get("event", "")).upper() for row in rows if row.get("handler") == _handler()}
    return [event for event in EVENTS if event not in have]


def _handler() -> str:
    return f"{settings.APP_URL}/b24/events/"


def _bind_missing(ask: Callable[[str, rest.Params], rest.Reply]) -> None:
    for event in missing(ask("event.get", {}).result):
        try:
            ask("event.bind", {"EVENT": event, "HANDLER": _handler()})
        except errors.Refused as error:
            # Bound by somebody else a moment ago, or an event that this portal does not know.
            logger.info("event.bind %s: %s", event, error.description)
