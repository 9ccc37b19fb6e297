"""The filter of the list as chips: what is asked for often, what an administrator has saved, and what is asked now."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.http import QueryDict
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from b24app.host.transactions import writing
from b24app.models import Portal
from traces import sentences
from traces.models import Preferences, ShownState, Submission
from traces.pages.frame import preferences

# Chips in a row; more would be a menu.
MAX_SAVED = 12
Asked = Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Preset:
    """A filter that is asked for often: its name, where it is, and whether the list is just that."""

    name: sentences.Text
    address: str
    is_chosen: bool


@dataclass(frozen=True, slots=True)
class Saved:
    """A filter that an administrator has saved: its name, its fields, and whether the list is just that."""

    name: str
    fields: Asked
    is_chosen: bool


def presets(portal: Portal, asked: Asked) -> list[Preset]:
    """What is asked for by one click."""
    waiting = Submission(portal=portal).waiting_state
    offered: list[tuple[sentences.Text, dict[str, str]]] = [
        (_("All"), {}),
        (_("Today"), {"since": timezone.localdate().isoformat()}),
        (ShownState.FAILED.label, {"state": "failed"}),
        (waiting.label, {"state": "queued"}),
        (ShownState.SPAM.label, {"state": "spam"}),
        (_("Tests"), {"state": "test"}),
    ]
    return [Preset(name, _address(wanted), dict(asked) == wanted) for name, wanted in offered]


def saved(portal: Portal, asked: Asked) -> list[Saved]:
    """What was saved, by name."""
    kept: dict[str, dict[str, str]] = preferences(portal).saved_filters
    return [Saved(name, list(fields.items()), dict(asked) == fields) for name, fields in sorted(kept.items())]


def storable(asked: Asked) -> dict[str, str]:
    """What of a filter is saved: all but the text, which may be a visitor's name or phone number."""
    return {name: value for name, value in asked if name != "text"}


def save(portal: Portal, name: str, asked: Asked) -> bool:
    """Save what is asked for by this name; returns whether there was anything to save, and room for it."""
    fields = storable(asked)
    with writing():
        chosen, _created = Preferences.objects.select_for_update().get_or_create(portal=portal)
        kept = {**chosen.saved_filters, name: fields}
        if not fields or len(kept) > MAX_SAVED:
            return False
        chosen.saved_filters = kept
        chosen.save(update_fields=["saved_filters"])
    return True


def forget(portal: Portal, name: str) -> None:
    """Delete what was saved by this name."""
    with writing():
        chosen = Preferences.objects.select_for_update().filter(portal=portal).first()
        if chosen and name in chosen.saved_filters:
            chosen.saved_filters = {other: fields for other, fields in chosen.saved_filters.items() if other != name}
            chosen.save(update_fields=["saved_filters"])


def _address(wanted: dict[str, str]) -> str:
    query = QueryDict(mutable=True)
    query.update(wanted)
    return f"{reverse('submissions')}{'?' if query else ''}{query.urlencode()}"
