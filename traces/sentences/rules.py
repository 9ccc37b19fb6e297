"""What a source rule looks at, why it decided or did not, and why one is rejected."""

from django.utils.translation import gettext_lazy as _

from b24app.api.remedies import Text

# Why a source rule decided or did not, by the reasons of `traces.compose.sources.explain`.
RULES: dict[str, Text] = {
    "matches": _("This rule matches and decides."),
    "default": _("No other rule matched, so the default rule decides."),
    "no_value": _("Nothing came in this field."),
    "differs": _("What came is different."),
    "after_match": _("An earlier rule has decided already."),
    "unusable": _("The expression of this rule cannot be read, so it never matches."),
}

# Why a rule or a file of rules is rejected, by the codes of `traces.compose.sources`, `traces.setup.rules`,
# `rules_csv`.
RULE_FAULTS: dict[str, Text] = {
    "field_unknown": _("A rule cannot look at that field."),
    "operator_unknown": _("A rule cannot compare in that way."),
    "value_missing": _("A rule needs a value to look for; only the default rule has none."),
    "result_missing": _("A rule needs a utm_source or a CRM source to give."),
    "too_long": _("Each text of a rule has at most 200 characters."),
    "not_printable": _("A rule has printable characters only."),
    "not_a_host": _("A host is written without https:// and without a path, such as www.google.com."),
    "not_a_path": _("A path begins with a slash and ends before the question mark, such as /catalogue/shoes."),
    "not_a_regex": _("The regular expression cannot be read; look-around and back references are not supported."),
    "second_default": _("There is an any rule already: a second one would never be reached."),
    "too_many": _("A portal can have at most 1,000 rules."),
    "gone": _("This rule is not there any more: somebody has removed it."),
    "no_head": _("The first line has to name the columns: match, how, value, utm_source, crm_source, crm_description."),
    "too_large": _("The file is longer than 250,000 characters."),
    "unreadable": _("This is no CSV file. Save it as “CSV UTF-8” in your spreadsheet."),
}
# What a rule looks at and how it compares, as an administrator reads it.
RULE_FIELDS: dict[str, Text] = {
    "form": _("Form"),
    "source": _("Field “source” of the form"),
    "source_id": _("SOURCE_ID of the request"),
    "utm_source": _("utm_source"),
    "utm_medium": _("utm_medium"),
    "utm_campaign": _("utm_campaign"),
    "referrer": _("Website the visitor came from"),
    "form_name": _("Name of the form on the site"),
    "form_id": _("ID of the form on the site"),
    "page_host": _("Website of the form"),
    "page_path": _("Page of the form"),
    "click_id": _("Click mark of an advertisement"),
    "any": _("Everything else"),
}
RULE_HOWS: dict[str, Text] = {
    "equals": _("is"),
    "contains": _("contains"),
    "wildcard": _("looks like (with * and ?)"),
    "regex": _("matches the regular expression"),
}
