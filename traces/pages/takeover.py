"""The offer to take over the forms, rules and submissions of a former portal at the same address."""

from __future__ import annotations

import logging

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils.translation import gettext as _

from b24app.api import errors
from traces.delivery import wake
from traces.pages import overview
from traces.pages.frame import Reader, render, view
from traces.setup import takeover

logger = logging.getLogger(__name__)


@view("POST")
def take_over(request: HttpRequest, reader: Reader, portal_id: int) -> HttpResponseBase:
    """Take over the former portal that was offered."""
    try:
        takeover.take_over(reader.portal, portal_id)
    except takeover.NothingOffered:
        return render(request, reader, "traces/missing.html", status=404)
    except errors.PortalError as error:
        logger.warning("portal %s: a former one was not taken over (%s)", reader.portal.pk, error.code)
        text = _("Couldn't confirm this portal with Bitrix24, so nothing was changed. Try again in a minute.")
        return overview.page(request, reader, trouble=text)
    wake.wake(reader.portal.pk)
    text = _(
        "The forms, rules and submissions of the former portal are here now. Queued submissions will be delivered."
    )
    return overview.page(request, reader, notice=text)
