"""Deleting a portal's data after its administrator asked for it at uninstall."""

import logging

from django.db import transaction

from b24app.models import Portal
from traces.models import Submission

logger = logging.getLogger(__name__)

# Rows deleted in one statement, so that nobody waits long for the database.
CHUNK = 1000


def erase_requested() -> None:
    """Delete the forms and submissions of portals that were uninstalled with their data; safe to repeat.

    Every statement looks again whether that is still wished: the application may be installed anew meanwhile.
    """
    wished = Portal.objects.filter(state=Portal.State.UNINSTALLED, clean_requested_at__isnull=False)
    for portal_id in list(wished.values_list("pk", flat=True)):
        rows = Submission.objects.filter(portal__in=wished.filter(pk=portal_id))
        while ids := list(rows.values_list("pk", flat=True)[:CHUNK]):
            Submission.objects.filter(pk__in=ids).delete()
        with transaction.atomic():
            # Locked, so that an installation either comes before (and the row is not found here) or after it is gone.
            portal = wished.select_for_update().filter(pk=portal_id).first()
            if portal is not None:
                portal.delete()
                logger.info("portal %s: its data was deleted as requested", portal_id)
