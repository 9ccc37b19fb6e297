"""What Bitrix24 knows by itself, as an administrator has said: it tells applications nothing of Sales Intelligence."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

from b24app.host.transactions import writing
from b24app.models import Portal
from traces.models import KnownValue

UTM_SOURCE = "utm_source"
MAX_NAMES = 500


def names(portal_id: int) -> list[str]:
    """The names of utm_source that stand in Sales Intelligence, as far as somebody has said so."""
    return list(KnownValue.objects.filter(portal=portal_id, field=UTM_SOURCE).values_list("value", flat=True))


def add(portal: Portal, field: str, value: str) -> None:
    """From now on this value needs no rule."""
    KnownValue.objects.get_or_create(portal=portal, field=field, value=value)


def forget(portal: Portal, field: str, value: str) -> None:
    """This value may need a rule again."""
    KnownValue.objects.filter(portal=portal, field=field, value=value).delete()


def replace_names(portal: Portal, listed: Iterable[str]) -> None:
    """Put these names of utm_source in the place of all there are."""
    with writing():
        KnownValue.objects.filter(portal=portal, field=UTM_SOURCE).delete()
        rows = [KnownValue(portal=portal, field=UTM_SOURCE, value=name) for name in dict.fromkeys(listed)]
        KnownValue.objects.bulk_create(rows, ignore_conflicts=True)


def doubt(utm_source: str, known: Iterable[str]) -> tuple[str, str]:
    """A utm_source that is not among the names, and the one that it may be meant to be.

    Both are "" where it is among them, or nobody has said which there are.
    """
    listed = list(known)
    if not utm_source or not listed or utm_source in listed:
        return "", ""
    folded = {name.casefold(): name for name in listed}
    close = get_close_matches(utm_source.casefold(), folded, n=1)
    return utm_source, folded[close[0]] if close else ""
