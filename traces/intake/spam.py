"""What keeps spam away from the portal: a field that no person sees, and so many submissions a minute.

Neither loses anything: what was caught is stored as failed and can be sent all the same; a submission that is one too
many is answered with 429, and whoever sends it learns when to come again.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from b24app.pace import wakeups
from traces.compose.visitor import HONEYPOT
from traces.models import Form, Submission

CODE = "spam"
_MINUTE = 60


def is_caught(form: Form, fields: Any) -> bool:
    """Whether the form looks at the field that no person sees, and the fields as they came have something in it."""
    return form.honeypot and isinstance(fields, Mapping) and bool(str(fields.get(HONEYPOT) or "").strip())


def put_aside(submission: Submission) -> None:
    """Have a submission that is not stored yet kept as failed: nobody sends it, unless an administrator does."""
    submission.state = Submission.State.FAILED
    submission.due_at = None
    submission.code = CODE


def wait(form: Form) -> int:
    """Count a submission; the seconds until the next minute where it is one too many in this one, else 0.

    With Redis away every submission is taken.
    """
    if not form.max_per_minute:
        return 0
    minute, second = divmod(int(time.time()), _MINUTE)
    counted = wakeups.count(f"minute:{form.pk}:{minute}", 2 * _MINUTE)
    return _MINUTE - second if counted > form.max_per_minute else 0
