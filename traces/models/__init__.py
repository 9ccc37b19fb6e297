"""Everything that the product stores, by subject."""

from traces.models.forms import LEADS, Form, Kind, Preferences, Repeats, new_key
from traces.models.notices import Notice
from traces.models.source_rules import SourceRule, Unmatched
from traces.models.submissions import Attempt, Batch, Reasoned, ShownState, Source, Submission, new_submission_id

__all__ = [
    "LEADS",
    "Attempt",
    "Batch",
    "Form",
    "Kind",
    "Notice",
    "Preferences",
    "Reasoned",
    "Repeats",
    "ShownState",
    "Source",
    "SourceRule",
    "Submission",
    "Unmatched",
    "new_key",
    "new_submission_id",
]
