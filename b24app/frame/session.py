"""The session of a page inside a portal's frame: a signed token in the page, sent back in a header with each request.

Browsers keep cookies out of frames of other sites, so nothing depends on them; and since no browser sends the header
by itself, no other site can use it. Each answer brings a new token, so that a page in use does not expire; after
`MAX_SECONDS` the portal has to say again who the user is, and whether still an administrator. An uninstall ends all
sessions, a removal or demotion those of that administrator (`b24app.portal.epochs`).
"""

from __future__ import annotations

import time
from dataclasses import asdict, dataclass

from django.core import signing
from django.http import HttpRequest

from b24app.models import Portal
from b24app.portal import epochs
from b24app.portal.install import Opening

HEADER = "X-Frame-Session"
# A download is a form that the browser submits by itself, which can carry no header: there it is a field of the body.
FIELD = "frame_session"
IDLE_SECONDS = 3600
MAX_SECONDS = 4 * 3600
_SALT = "b24app.frame.session"


class SessionExpired(Exception):
    """The session has expired, is not ours, or its portal no longer exists."""


@dataclass(frozen=True, slots=True)
class Session:
    """Who looks at the page; `began` is the unix time at which the portal said so, `epoch` the one in which."""

    portal_id: int
    member_id: str
    user_id: int
    admin: bool
    language: str
    time_zone: str
    began: int
    epoch: str


def begin(opening: Opening, language: str) -> Session:
    """The session of an opening that was proven just now."""
    portal, user_id, admin = opening.portal, opening.user_id, opening.is_admin
    epoch = epochs.of(portal, user_id, admin=admin)
    return Session(
        portal.pk, portal.member_id, user_id, admin, language, opening.time_zone, began=int(time.time()), epoch=epoch
    )


def token(session: Session) -> str:
    """The session's token, good for `IDLE_SECONDS` from now."""
    return signing.dumps(asdict(session), salt=_SALT, compress=True)


def of_request(request: HttpRequest) -> Session:
    """The session that a request shows. Raises `SessionExpired`."""
    shown = request.headers.get(HEADER) or request.POST.get(FIELD, "")
    try:
        session = Session(**signing.loads(shown, salt=_SALT, max_age=IDLE_SECONDS))
    except (signing.BadSignature, TypeError):
        raise SessionExpired from None
    if time.time() - session.began > MAX_SECONDS:
        raise SessionExpired
    return session


def portal_of(session: Session) -> Portal:
    """The portal of the session. Raises `SessionExpired` if that epoch is over."""
    known = Portal.objects.filter(pk=session.portal_id, member_id=session.member_id)
    portal = known.exclude(state=Portal.State.UNINSTALLED).first()
    if portal is None or session.epoch != epochs.of(portal, session.user_id, admin=session.admin):
        raise SessionExpired
    return portal
