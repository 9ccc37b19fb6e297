"""Asking a portal again whether a user still administers it, before what cannot be undone.

A session says what the portal said when the application was opened. Only the user's own token tells what is so now:
`profile` answers for the token's user (Bitrix24's documentation of `profile`).
"""

from __future__ import annotations

from b24app.api import errors
from b24app.frame.session import Session, SessionExpired
from b24app.models import Portal
from b24app.portal import epochs, install, tokens


def still_administers(portal: Portal, session: Session) -> bool:
    """Whether the session's user administers the portal now; the sessions of one who does not are ended.

    Raises `SessionExpired` if no token of the user works: opening the application brings one. Raises an error of
    `b24app.api.errors` where the portal could not be asked.
    """
    try:
        credentials = tokens.of_user(portal, session.user_id)
        try:
            profile = install.profile_by(credentials.endpoint, credentials.token, session.user_id)
        except errors.Renew:
            credentials = tokens.renew(portal, credentials)
            profile = install.profile_by(credentials.endpoint, credentials.token, session.user_id)
    except (errors.OtherUser, errors.Renew, install.Unproven):
        raise SessionExpired from None
    if profile.is_admin and profile.user_id == session.user_id:
        return True
    epochs.note_demoted(portal, session.user_id)
    return False
