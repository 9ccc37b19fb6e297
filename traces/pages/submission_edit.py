"""The values of a failed submission, to be corrected and sent."""

from __future__ import annotations

import uuid

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters

from traces.history import editing, resending
from traces.models import Submission
from traces.pages import submission
from traces.pages.frame import Reader, view
from traces.pages.submission_edit_inputs import EditInput


@sensitive_post_parameters()
@view("POST")
def save(request: HttpRequest, reader: Reader, submission_id: uuid.UUID) -> HttpResponse:
    """Save the corrected values and send the submission again."""
    row = Submission.objects.filter(portal=reader.portal, pk=submission_id).select_related("form").first()
    if row is None or not editing.may(row):
        return submission.page(
            request, reader, submission_id, trouble=_("Left unchanged: it is delivered or being sent.")
        )
    asked = EditInput(row, request.POST)
    if not asked.is_valid():
        return submission.page(request, reader, submission_id, edit=asked)
    values = asked.changed()
    if values and not editing.save(reader.portal, row.pk, values):
        return submission.page(
            request, reader, submission_id, trouble=_("Left unchanged: it is delivered or being sent.")
        )
    resending.one(reader.portal, row.pk)
    return submission.page(request, reader, submission_id, notice=_("Saved. Sending again…"))
