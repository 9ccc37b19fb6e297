"""Whether a portal is well, as it says itself: one check after the other, each with what to do."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from b24app import portals
from b24app.models import Portal

Text = str | Promise
PAGE_SECONDS = 8.0


@dataclass(frozen=True, slots=True)
class Check:
    """`good` is None where it is not known; `happened` says what is found, `todo` what to do about it or ""."""

    name: Text
    good: bool | None
    happened: Text
    todo: Text = ""


def checks(portal: Portal) -> list[Check]:
    """What the portal answers when it is asked now. Raises an error of `b24app.errors` where it does not."""
    portals.call(portal, "profile", {}, read_seconds=PAGE_SECONDS)
    return [Check(_("The portal answers"), True, _("The portal takes our requests."))]
