"""Deleting a portal's data after its administrator asked for it at uninstall."""

import logging

from b24app.models import Portal
from traces.models import Form, Submission

logger = logging.getLogger(__name__)

# Rows deleted in one statement, so that nobody waits long for the database.
CHUNK = 1000


def erase_requested() -> None:
    """Delete the forms and submissions of portals that were uninstalled with their data; safe to repeat."""
    portals = Portal.objects.filter(state=Portal.State.UNINSTALLED, clean_requested_at__isnull=False)
    for portal in portals:
        while ids := list(Submission.objects.filter(portal=portal).values_list("pk", flat=True)[:CHUNK]):
            Submission.objects.filter(pk__in=ids).delete()
        Form.objects.filter(portal=portal).delete()
        Portal.objects.filter(pk=portal.pk, state=Portal.State.UNINSTALLED).delete()
        logger.info("portal %s: its data was deleted as requested", portal.pk)
