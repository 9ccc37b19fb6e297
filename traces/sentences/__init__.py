"""Every state, outcome, repair and refusal in words that a person can act on.

The database holds codes and what fills them in, never a sentence: a sentence is made when it is shown, in the reader's
language, so any of them can be reworded.
"""

from b24app.api.remedies import Text
from traces.sentences.choices import CHOICE_FAULTS, CHOICE_FIELDS, chosen
from traces.sentences.failures import (
    AFTER_THREE_DAYS,
    FAILURES,
    GAVE_UP,
    NOTES,
    UNKNOWN_FAILURE,
    alike,
    failure,
    hold,
    reason,
)
from traces.sentences.figures import came_by_label, duration, quoted, source_label, source_name
from traces.sentences.mapping import MAPPING, mapping_fault
from traces.sentences.outcomes import OUTCOMES
from traces.sentences.repairs import REPAIRS
from traces.sentences.rules import RULE_FAULTS, RULE_FIELDS, RULE_HOWS, RULES, described, given, seen
from traces.sentences.why import brought, decided, told, tried

__all__ = [
    "AFTER_THREE_DAYS",
    "CHOICE_FAULTS",
    "CHOICE_FIELDS",
    "FAILURES",
    "GAVE_UP",
    "MAPPING",
    "NOTES",
    "OUTCOMES",
    "REPAIRS",
    "RULES",
    "RULE_FAULTS",
    "RULE_FIELDS",
    "RULE_HOWS",
    "UNKNOWN_FAILURE",
    "Text",
    "alike",
    "brought",
    "came_by_label",
    "chosen",
    "decided",
    "described",
    "duration",
    "failure",
    "given",
    "hold",
    "mapping_fault",
    "quoted",
    "reason",
    "seen",
    "source_label",
    "source_name",
    "told",
    "tried",
]
