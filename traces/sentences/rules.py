"""A source rule in words: what it looks for and sets, why it decided or did not, and why one is rejected."""

from django.utils.text import Truncator
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from b24app.api.remedies import Text
from traces.compose import sources

# Why a source rule decided or did not, by the reasons of `traces.compose.sources.explain`.
RULES: dict[str, Text] = {
    "matches": _("This rule matches and sets the source."),
    "default": _("No other rule matched, so “Everything else” sets the source."),
    "known": _("The visitor brought a utm_source or came from another website, which this rule leaves alone."),
    "no_value": _("The visitor brought no value for this field."),
    "differs": _("The value is different."),
    "after_match": _("An earlier rule already set the source."),
    "unusable": _("The regular expression of this rule is invalid, so it never matches."),
}

# Why a rule or a file of rules is rejected, by the codes of `traces.compose.sources`, `traces.setup.rules`,
# `rules_csv`.
RULE_FAULTS: dict[str, Text] = {
    "field_unknown": _("Rules can't check this field."),
    "operator_unknown": _("Rules can't use this condition."),
    "value_missing": _("Enter a value to look for. Only “Everything else” and “is empty” need none."),
    "result_missing": _("Choose the utm_source or CRM source to set."),
    "too_long": _("Each text can have at most 200 characters."),
    "not_printable": _("Use printable characters only."),
    "not_a_host": _("Enter a host without https:// and without a path, such as www.google.com."),
    "not_a_path": _("Enter a path that begins with a slash, without the query string, such as /catalogue/shoes."),
    "not_a_regex": _("The regular expression is invalid. Look-around and back references are not supported."),
    "second_default": _("You already have an “Everything else” rule."),
    "too_many": _("You can have at most 1,000 rules."),
    "gone": _("This rule no longer exists: somebody has removed it."),
    "no_head": _("The first line must name the columns: match, how, value, utm_source, crm_source, crm_description."),
    "too_large": _("The file is longer than 250,000 characters."),
    "unreadable": _("This is not a CSV file. Save it as “CSV UTF-8” in your spreadsheet application."),
}
# What a rule looks at and how it compares, as an administrator reads it.
RULE_FIELDS: dict[str, Text] = {
    "form": _("Form"),
    "source": _("Form field “source”"),
    "source_id": _("SOURCE_ID of the request"),
    "utm_source": _("utm_source"),
    "utm_medium": _("utm_medium"),
    "utm_campaign": _("utm_campaign"),
    "referrer": _("Referring website"),
    "form_name": _("Form name on the website"),
    "form_id": _("Form ID on the website"),
    "page_host": _("Website of the form"),
    "page_path": _("Page of the form"),
    "click_id": _("Ad click ID (gclid, yclid…)"),
    "any": _("Everything else"),
}
RULE_HOWS: dict[str, Text] = {
    "equals": _("is"),
    "contains": _("contains"),
    "wildcard": _("matches the pattern (* and ?)"),
    "regex": _("matches the regular expression"),
    "empty": _("is empty"),
}

_MAX_VALUE_LENGTH = 50


def seen(rule: sources.Rule, *, whole: bool = False) -> str:
    """What a rule looks for: utm_campaign contains “spring”. A long value is cut unless the `whole` is asked for."""
    if rule.field == sources.ANY:
        return (
            gettext("Everything else, also where the source is known") if rule.also_known else str(RULE_FIELDS["any"])
        )
    words = {
        "field": RULE_FIELDS.get(rule.field, rule.field),
        "how": RULE_HOWS.get(rule.operator, rule.operator),
        "value": _cut(rule.value, whole),
    }
    return (gettext("%(field)s %(how)s “%(value)s”") if rule.value else gettext("%(field)s %(how)s")) % words


def given(rule: sources.Rule, crm_name: str = "", *, whole: bool = False) -> str:
    """What a rule sets: utm_source spring-2026, CRM source Website. `crm_name` is what the CRM calls its source."""
    parts = []
    if rule.utm_source:
        parts.append(gettext("utm_source %(value)s") % {"value": _cut(rule.utm_source, whole)})
    if rule.crm_source:
        text = gettext("CRM source %(value)s") % {"value": _cut(crm_name or rule.crm_source, whole)}
        details = rule.crm_description if rule.crm_description not in ("", crm_name, rule.crm_source) else ""
        parts.append(f"{text} ({_cut(details, whole)})" if details else text)
    return ", ".join(parts)


def described(rule: sources.Rule, crm_name: str = "") -> str:
    """A rule as one sentence."""
    words = {"rule": seen(rule), "given": given(rule, crm_name)}
    if rule.field != sources.ANY:
        return gettext("When %(rule)s, set %(given)s.") % words
    if rule.also_known:
        return gettext("Where no other rule matches, set %(given)s, also where the visitor's source is known.") % words
    return (
        gettext(
            "Where no other rule matches and the visitor brought no utm_source and came from no other website, "
            "set %(given)s."
        )
        % words
    )


def _cut(text: str, whole: bool) -> str:
    return text if whole else Truncator(text).chars(_MAX_VALUE_LENGTH)
