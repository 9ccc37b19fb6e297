"""Everything that the product stores, by subject."""

from traces.models.earnings import CrmLook, CrmRecord
from traces.models.forms import LEADS, Captcha, ConsentText, Form, Kind, Preferences, Repeats, new_key
from traces.models.notices import Notice
from traces.models.removed import Removed
from traces.models.source_rules import KnownValue, SourceRule, Unmatched
from traces.models.sources import Source
from traces.models.submissions import (
    OWN_TEST,
    Attempt,
    Batch,
    Reasoned,
    ShownState,
    Submission,
    Unwanted,
    new_submission_id,
)

__all__ = [
    "LEADS",
    "OWN_TEST",
    "Attempt",
    "Batch",
    "Captcha",
    "ConsentText",
    "CrmLook",
    "CrmRecord",
    "Form",
    "Kind",
    "KnownValue",
    "Notice",
    "Preferences",
    "Reasoned",
    "Removed",
    "Repeats",
    "ShownState",
    "Source",
    "SourceRule",
    "Submission",
    "Unmatched",
    "Unwanted",
    "new_key",
    "new_submission_id",
]
