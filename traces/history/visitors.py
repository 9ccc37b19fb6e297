"""A visitor's own submissions, by phone or e-mail."""

from __future__ import annotations

from django.db.models import QuerySet

from b24app.models import Portal
from traces.compose import emails, phones
from traces.compose.visitor import recognise
from traces.models import Submission

# A number's last digits, which all of its spellings have: those within a country, too.
NATIONAL_DIGITS = 10


def submissions_of(portal: Portal, contact: str) -> QuerySet[Submission]:
    """The portal's submissions in which this phone number or e-mail address is recognised as the visitor's."""
    wanted = contact_keys(contact)
    rows = Submission.objects.filter(portal=portal)
    ids = []
    for key in wanted:
        for row in (
            rows.filter(search__contains=key if "@" in key else key[-NATIONAL_DIGITS:]).only("body").iterator(500)
        ):
            visitor = recognise(row.body)
            if wanted & {name for text in (*visitor.phones, *visitor.emails) for name in contact_keys(text)}:
                ids.append(row.pk)
    return rows.filter(pk__in=ids)


def contact_keys(contact: str) -> set[str]:
    """What all spellings of a phone number or an e-mail address have in common; empty where it is neither."""
    if "@" in contact:
        return {address.casefold() for address in emails.read(contact).addresses}
    digits = (phones.digits_of(number.partition("#")[0]) for number in phones.read(contact).numbers)
    return {_international(number) for number in digits if number}


def _international(digits: str) -> str:
    """Within Russia and Kazakhstan one writes 8 where +7 stands for the world."""
    return f"7{digits[1:]}" if len(digits) == 11 and digits[0] == "8" else digits
