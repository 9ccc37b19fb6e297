"""What a form's conditions look at and decide, and why one is rejected."""

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from b24app.api.remedies import Text
from traces.compose import choices
from traces.compose.choices import Chosen
from traces.sentences.rules import RULE_FAULTS, RULE_FIELDS

CHOICE_FIELDS: dict[str, Text] = {
    choices.SUBMITTED: gettext_lazy("Submitted field"),
    **{field: RULE_FIELDS[field] for field in choices.FIELDS if field != choices.SUBMITTED},
}
# Why a condition is rejected, by the codes of `traces.compose.choices.fault`.
CHOICE_FAULTS: dict[str, Text] = {
    **RULE_FAULTS,
    "field_unknown": gettext_lazy("Conditions can't check this field."),
    "operator_unknown": gettext_lazy("Conditions can't compare in this way."),
    "name_missing": gettext_lazy("Enter the name of the submitted field, such as city."),
    "nothing_chosen": gettext_lazy("Choose what to create, a stage, or who is responsible."),
    "no_stage": gettext_lazy("Only leads and deals have stages. Enter one as Bitrix24 names it, such as C3:NEW."),
    "too_many": gettext_lazy("A form can have at most 10 conditions."),
    "no_people": gettext_lazy("Enter up to 10 user IDs with commas between them, such as 7, 9."),
}


def chosen(found: Chosen, number_of_people: int) -> str:
    """Which of the form's conditions a submission matched, and what that one decides."""
    parts = [_("Condition %(number)s matches.") % {"number": found.number}]
    people = {"user": found.responsible, "count": number_of_people}
    if found.responsible and number_of_people > 1:
        parts.append(_("Responsible: user %(user)s, one of %(count)s in turns.") % people)
    elif found.responsible:
        parts.append(_("Responsible: user %(user)s.") % people)
    if found.choice.stage:
        parts.append(_("Stage: %(stage)s.") % {"stage": found.choice.stage})
    return " ".join(parts)
