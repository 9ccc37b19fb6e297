"""The filter of the list as chips: what is asked for often, what an administrator has saved, and what is asked now."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.http import QueryDict
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from b24app.models import Portal
from traces import sentences
from traces.models import ShownState, Submission

Asked = Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Preset:
    """A filter that is asked for often: its name, where it is, and whether the list is just that."""

    name: sentences.Text
    address: str
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


def _address(wanted: dict[str, str]) -> str:
    query = QueryDict(mutable=True)
    query.update(wanted)
    return f"{reverse('submissions')}{'?' if query else ''}{query.urlencode()}"
