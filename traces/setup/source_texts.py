"""The numbers of the texts of sources and campaigns."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Collection

from django.conf import settings

from b24app.models import Portal
from traces.models import Source


def numbers(portal: Portal, texts: Collection[str]) -> dict[str, int]:
    """Returns the keys of the texts' rows, by the text; missing ones are made."""
    digests = {_digest(portal, text): text for text in texts}
    Source.objects.bulk_create(
        (Source(portal=portal, digest=digest, text=text) for digest, text in digests.items()), ignore_conflicts=True
    )
    found = Source.objects.filter(portal=portal, digest__in=digests).values_list("digest", "pk")
    return {digests[digest]: pk for digest, pk in found}


def _digest(portal: Portal, text: str) -> str:
    return hmac.new(settings.SECRET_KEY.encode(), f"{portal.pk}:{text}".encode(), hashlib.sha256).hexdigest()
