"""A portal's forms and source rules, read once and used for many submissions.

Every submission is prepared anew from its stored body each time, by the rules and the form as they are then; so one
that waits, or is sent again, follows what the administrator has changed meanwhile.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from django.conf import settings

from traces.compose import addresses, consent, countries, sources
from traces.compose.choices import Choice
from traces.compose.matching import Matcher
from traces.compose.prepared import FormSettings, Prepared, facts_of, prepare
from traces.models import Form, Kind, SourceRule, Submission
from traces.setup import known_values

# Under this name a submission's progress has the person whose turn it was to be responsible for it.
RESPONSIBLE = "responsible"


@dataclass(frozen=True, slots=True)
class Rulebook:
    """A portal's forms by their id, its source rules in their order with their matcher, and what needs no rule.

    `known_sources` are the values of utm_source that Sales Intelligence has, by the rules or by an administrator.
    """

    forms: Mapping[int, Form]
    rules: tuple[sources.Rule, ...]
    matcher: Matcher
    known_sources: frozenset[str]

    def prepare(self, row: Submission) -> Prepared:
        """Everything that goes out for a submission; raises whatever stopped its preparation."""
        form = self.forms.get(row.form_id) or row.form
        return prepare(
            _settings(form),
            str(row.pk),
            row.body,
            int(row.received_at.timestamp()),
            self.matcher,
            addresses.SECRET_NAMES | settings.SECRET_PARAMETERS,
            (row.sender_form_name, row.sender_form_id),
            _agreement(form) if row.consent == consent.GIVEN else 0,
            row.progress.get(RESPONSIBLE, 0),
        )

    def facts(self, row: Submission) -> sources.Facts:
        """What source rules look at, without the rest of its preparation; raises whatever stopped it."""
        form = self.forms.get(row.form_id) or row.form
        names = addresses.SECRET_NAMES | settings.SECRET_PARAMETERS
        sender_form = (row.sender_form_name, row.sender_form_id)
        return facts_of(_settings(form), row.body, int(row.received_at.timestamp()), names, sender_form)[1]

    def unmatched(self, prepared: Prepared) -> Iterable[tuple[str, str]]:
        """The submission's values that no rule matched and none gives, as (field, value)."""
        return sources.unmatched(prepared.rule, prepared.facts, self.known_sources)


def _settings(form: Form) -> FormSettings:
    country = form.country or countries.of_language(form.portal.language)
    return FormSettings(
        key=form.key,
        name=form.name,
        creates=form.creates,
        mapping=form.mapping,
        repeats=form.repeats,
        field_types=form.field_types,
        country=country,
        assigned_by_id=form.assigned_by_id or form.portal.chosen_user_id,
        choices=() if form.creates == Kind.LINK else tuple(map(Choice.of, form.choices)),
        rota=form.rota,
    )


def _agreement(form: Form) -> int:
    """The agreement that consents are written under, where the portal has given the right to do so."""
    return form.agreement_id or 0 if consent.SCOPE in form.portal.scope.split(",") else 0


def load(portal_id: int) -> Rulebook:
    """The rulebook of a portal as it is now. Its rules are compiled here, once for all submissions of a turn."""
    forms = {form.pk: form for form in Form.objects.filter(portal=portal_id).select_related("portal")}
    rules = tuple(row.rule() for row in SourceRule.objects.filter(portal=portal_id, active=True))
    matcher = Matcher(rules)
    return Rulebook(forms, rules, matcher, matcher.utm_sources.union(known_values.names(portal_id)))
