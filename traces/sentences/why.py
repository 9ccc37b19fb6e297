"""Why a submission has its source: what the visitor brought, which rule decided, and what Bitrix24 received."""

from django.utils.translation import gettext as _

from traces.compose import sources
from traces.sentences.figures import source_label
from traces.sentences.rules import RULE_FIELDS, RULE_HOWS

_TAGS = ("utm_source", "utm_medium", "utm_campaign")


def brought(facts: sources.Facts) -> str:
    """What the visitor brought that indicates a source."""
    tags = [f"{name} “{value}”" for name in _TAGS if (value := getattr(facts, name))]
    came = [*tags, *facts.click_ids]
    values = {"came": ", ".join(came), "referrer": facts.referrer}
    if came and facts.referrer:
        return _("The visitor brought %(came)s and came from %(referrer)s.") % values
    if came:
        return _("The visitor brought %(came)s.") % values
    if facts.referrer:
        return _("The visitor came from %(referrer)s, without UTM tags.") % values
    return _("The visitor brought no UTM tags and no referring website.")


def decided(rule: sources.Rule | None) -> str:
    """The rule that decided, in its words; or that none did."""
    if rule is None:
        return _("None of your rules matched. Sales Intelligence finds the source from what the visitor brought.")
    given = " · ".join(filter(None, (rule.utm_source, rule.crm_source, rule.crm_description)))
    if rule.field == sources.ANY:
        return _("No other rule matched, so “Everything else” set the source to “%(given)s”.") % {"given": given}
    words = {
        "field": RULE_FIELDS.get(rule.field, rule.field),
        "how": RULE_HOWS.get(rule.operator, rule.operator),
        "value": rule.value,
        "given": given,
    }
    if not rule.value:
        return _("A rule set the source to “%(given)s”: %(field)s %(how)s.") % words
    return _("A rule set the source to “%(given)s”: %(field)s %(how)s “%(value)s”.") % words


def told(stored: str, now: str) -> str:
    """What Bitrix24 received, as stored with the delivery; before one, what it would receive as things are `now`.

    Both are what `traces.compose.search.source_of` says.
    """
    if not stored:
        return _("Bitrix24 will receive: %(source)s.") % {"source": source_label(now)}
    text = _("Bitrix24 received: %(source)s.") % {"source": source_label(stored)}
    if stored == now:
        return text
    changed = _("Your rules have changed since then: a new submission like this one would send %(source)s.")
    return f"{text} {changed % {'source': source_label(now)}}"
