"""Which submissions are a visitor's, by a phone number or an e-mail address."""

from __future__ import annotations

import math

from django.db.models import QuerySet

from b24app.models import Portal
from traces.compose import search
from traces.compose.visitor import recognise
from traces.delivery import findable
from traces.models import Submission

CHUNK = 200


def submissions_of(portal: Portal, contact: str) -> QuerySet[Submission]:
    """A portal's submissions that name this phone number, however it is written, or this e-mail address.

    None is left out: those that have no terms yet get them first. What the terms find is read, so that no other
    visitor's is among them; a submission that no key reads is left out.
    """
    findable.make(Submission.objects.filter(portal=portal), math.inf)
    terms = search.terms_of_contact(contact) if contact.strip() else ()
    found = Submission.objects.filter(findable.with_terms(portal.pk, [terms]), portal=portal)
    bodies = found.order_by().values_list("pk", "body").iterator(CHUNK)
    ids = [pk for pk, body in bodies if search.same_contact(contact, recognise(body))]
    return Submission.objects.filter(portal=portal, pk__in=ids)
