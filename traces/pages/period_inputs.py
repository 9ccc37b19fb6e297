"""Over which days, and of which form, the overview's figures are."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.http import QueryDict
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext_lazy

from b24app.models import Portal
from traces.history import statistics
from traces.models import Form
from traces.pages.inputs import PageInput, filled
from traces.pages.submission_inputs import DayField

DAYS = (7, 14, 30, 90)
DEFAULT_DAYS = 14
# More days of one's own are not drawn.
MAX_DAYS = 366
DATES = "dates"


@dataclass(frozen=True, slots=True)
class Period:
    """Days in their order, of one form or of all; `chosen` is one of `DAYS`, or `DATES`."""

    calendar: list[date]
    chosen: str = str(DEFAULT_DAYS)
    form_id: int | None = None

    @property
    def is_up_to_now(self) -> bool:
        """Whether it ends today, so that its figures grow."""
        return self.calendar[-1] >= timezone.localdate()

    @property
    def query(self) -> str:
        """What asks for the same period again."""
        asked: dict[str, Any] = {"days": self.chosen}
        if self.chosen == DATES:
            asked |= {"since": self.calendar[0].isoformat(), "until": self.calendar[-1].isoformat()}
        return urlencode(asked | ({"form": self.form_id} if self.form_id else {}))

    @property
    def asked_of_list(self) -> dict[str, Any]:
        """What asks the list of submissions for these days and this form."""
        days = {"since": self.calendar[0].isoformat(), "until": self.calendar[-1].isoformat()}
        return days | ({"form": self.form_id} if self.form_id else {})


class PeriodInput(PageInput):
    """The choice of a period; without one it is the last `DEFAULT_DAYS` days, of all forms."""

    ids = "period-%s"

    days = forms.ChoiceField(
        label=_("Period"),
        choices=[
            *(
                (str(days), filled(ngettext_lazy("%(number)s day", "%(number)s days", days), number=days))
                for days in DAYS
            ),
            (DATES, _("Dates")),
        ],
        widget=forms.RadioSelect,
    )
    since = DayField(label=_("From"))
    until = DayField(label=_("Until"))
    form = forms.ModelChoiceField(
        label=_("Form"), required=False, queryset=Form.objects.none(), empty_label=_("All forms")
    )

    def __init__(self, portal: Portal, data: QueryDict | None = None) -> None:
        today = timezone.localdate()
        first = today - timedelta(days=DEFAULT_DAYS - 1)
        super().__init__(data, initial={"days": str(DEFAULT_DAYS), "since": first, "until": today})
        field = self.fields["form"]
        assert isinstance(field, forms.ModelChoiceField)
        field.queryset = Form.objects.filter(portal=portal).order_by("name", "pk")

    def clean(self) -> dict[str, Any]:
        """Own dates are there, in their order, and not too many."""
        cleaned: dict[str, Any] = super().clean() or {}
        if cleaned.get("days") != DATES or self.errors:
            return cleaned
        since, until = cleaned.get("since"), cleaned.get("until")
        if not since or not until:
            self.add_error("since", _("Enter both dates."))
        elif until < since:
            self.add_error("until", _("The end date is before the start date."))
        elif (until - since).days >= MAX_DAYS:
            self.add_error("since", _("Choose at most %(days)s days.") % {"days": MAX_DAYS})
        return cleaned

    def period(self) -> Period:
        """The period that is asked for; the default one where none is, or one that cannot be shown."""
        if not self.is_valid():
            return Period(statistics.last_days(DEFAULT_DAYS))
        asked = self.cleaned_data
        form_id = asked["form"].pk if asked["form"] else None
        if asked["days"] != DATES:
            return Period(statistics.last_days(int(asked["days"])), asked["days"], form_id)
        first, days = asked["since"], (asked["until"] - asked["since"]).days + 1
        return Period([first + timedelta(days=number) for number in range(days)], DATES, form_id)

    @property
    def trouble(self) -> str:
        """Why the period cannot be shown; "" where it can, and where none is asked for."""
        return str(next(iter(self.errors.values()))[0]) if self.is_bound and self.errors else ""
