"""Values that a form, a browser or a sender adds for itself, recognised by their names alone."""

from __future__ import annotations

from traces.intake.senders.leaves import FORM_NAME_KIND, Leaf
from traces.intake.senders.names import joined
from traces.intake.senders.noise import is_noise
from traces.intake.senders.posted import word_set
from traces.intake.senders.sender import COOKIES, DELIVERY, FORM_ID, FORM_NAME, NOISE, PROBE

_FORM_NAMES = word_set("formname formtitle quizname form quiz formlabel")
_FORM_PARENTS = word_set("form quiz forminfo formdata")
_FORM_IDS = word_set("formid formuid quizid")
_COOKIES = word_set("cookies cookie tildautm sbjscurrent utmz")
# Ids of a delivery that are safe to trust whoever sends them; others (`event_id`) only a sender's row names.
_DELIVERIES = word_set("submissionid tranid leadgenid")
# A form's own name has none of these; what a visitor answered in a field "Quiz" has.
_SAID = "?:;\n"


def aside_of(leaf: Leaf, own: str) -> str:
    """The place aside that a value belongs to (`NOISE`, `FORM_ID` …), or "" for one of the visitor's."""
    name = joined(own)
    parent = joined(leaf.path[-2]) if len(leaf.path) > 1 else ""
    is_private = any(part.startswith("_") for part in leaf.path[:-1])
    is_said = name in ("form", "quiz") and any(mark in leaf.text for mark in _SAID)
    is_form_name = (name in _FORM_NAMES and not is_said) or (parent in _FORM_PARENTS and name in ("name", "title"))
    places = (
        (FORM_NAME, leaf.kind == FORM_NAME_KIND or is_form_name),
        (FORM_ID, name in _FORM_IDS or (parent in _FORM_PARENTS and name == "id")),
        (DELIVERY, not leaf.is_pair and name in _DELIVERIES),
        (PROBE, name in ("istest", "testmode")),
        (COOKIES, name in _COOKIES or parent in ("cookies", "cookie")),
        (NOISE, is_noise(own) or bool(leaf.id and is_noise(leaf.id)) or is_private),
    )
    return next((place for place, is_it in places if is_it), "")
