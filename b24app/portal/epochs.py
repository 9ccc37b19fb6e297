"""Which sessions are still good: those of the portal's present epoch, and of the administrator's.

The portal's epoch ends with an uninstall. An administrator's ends when another one removes the permission, and when the
portal says that this user administers it no more.
"""

from __future__ import annotations

from b24app.host.transactions import writing
from b24app.models import Portal


def of(portal: Portal, user_id: int, *, admin: bool) -> str:
    """The present epoch of a user's sessions. One who administers nothing has the portal's alone."""
    return f"{portal.epoch}.{portal.administrator_epochs.get(str(user_id), 0)}" if admin else str(portal.epoch)


def end(locked: Portal, user_id: int) -> None:
    """End an administrator's sessions. The portal's row must be locked."""
    number = locked.administrator_epochs.get(str(user_id), 0) + 1
    locked.administrator_epochs = {**locked.administrator_epochs, str(user_id): number}
    locked.save(update_fields=["administrator_epochs"])


def note_demoted(portal: Portal, user_id: int) -> None:
    """End the sessions of a user who administers the portal no more."""
    with writing():
        locked = Portal.objects.select_for_update(no_key=True).filter(pk=portal.pk).first()
        if locked is not None:
            end(locked, user_id)
