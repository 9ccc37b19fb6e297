"""Keeps spam away from the portal: a field that people do not see, the time that people need, and rate limits.

Nothing is lost: what was caught is stored as spam and can still be sent; a submission over the limit is answered with
429 and the time to try again. Only stored submissions count, so that nobody can exhaust a form's limit with requests
that are no submissions.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.conf import settings

from b24app.pace import counters
from traces.compose.submitted import HONEYPOT, honeypot_of
from traces.intake.problems import Problem
from traces.models import Form, Submission

CODE = "spam"
# What the website script tells beside the fields (`traces/static/traces/snippet.js`).
SECONDS = "_seconds"


def take_seconds(fields: Any) -> float | None:
    """Remove from the submitted fields the seconds that the page was open, and return them; None if there are none.

    Only the script on a website sends it: a static page cannot, so a plain form has none.
    """
    told = fields.pop(SECONDS, None) if isinstance(fields, dict) else None
    try:
        return float(told) if isinstance(told, str) else None
    except ValueError:
        return None


def is_too_fast(form: Form, seconds: float | None) -> bool:
    """Whether the page was open for less than the form's least time."""
    return seconds is not None and seconds < form.min_seconds


def is_caught(form: Form, fields: Any) -> bool:
    """Whether the form looks at the field that no person sees, and the fields as they came have something in it."""
    if not form.honeypot or not isinstance(fields, Mapping):
        return False
    # Codes that were copied before a form had a name of its own have the old one.
    return any(str(fields.get(name) or "").strip() for name in (honeypot_of(form.key), HONEYPOT))


def put_aside(submission: Submission) -> None:
    """Have a submission that is not stored yet kept as spam: nobody sends it, unless an administrator does."""
    submission.state = Submission.State.SPAM
    submission.due_at = None
    submission.code = CODE


class Admission:
    """The limits of one request: of the form, and of the address it comes from ("" for none, as of trusted servers).

    `is_first` is whether to send a wake-up for the portal; None if that was not asked.
    """

    def __init__(self, form: Form, address: str = "") -> None:
        self.is_first: bool | None = None
        self.limits = _limits(form, address)

    def note(self, taken: counters.Taken) -> None:
        """Note the result of the check. Raises `Problem` (429) if the limit is reached."""
        self.is_first = taken.is_first
        if taken.full:
            seconds = counters.seconds_of(taken.wait)
            title = "Too many submissions arrive here at the moment."
            raise Problem(429, "too_many", title, f"Send it again in {seconds} s.", retry_after=seconds)


def _limits(form: Form, address: str) -> list[counters.Limit]:
    of_address = settings.ADDRESS_BURST if address and settings.ADDRESS_RATE else 0
    of_form = settings.FORM_BURST if settings.FORM_RATE else 0
    return counters.limits_of(
        (f"address:{form.pk}:{address}", of_address, settings.ADDRESS_RATE),
        (f"minute:{form.pk}", form.max_per_minute, 0.0),
        (f"form:{form.pk}", of_form, settings.FORM_RATE),
    )
