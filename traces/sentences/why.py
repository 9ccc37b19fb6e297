"""Why a submission has its source: what the visitor brought, which rule decided, and what Bitrix24 received."""

from django.utils.translation import gettext as _

from traces.compose import sources
from traces.sentences.figures import quoted, source_label
from traces.sentences.rules import given, seen

_TAGS = ("utm_source", "utm_medium", "utm_campaign")


def brought(facts: sources.Facts) -> str:
    """What the visitor brought that indicates a source."""
    tags = [f"{name} {quoted(value)}" for name in _TAGS if (value := getattr(facts, name))]
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
    texts = (rule.utm_source, rule.crm_source, rule.crm_description)
    words = {"number": rule.position, "rule": seen(rule), "given": " · ".join(filter(None, texts))}
    if rule.field == sources.ANY:
        return _("No other rule matched, so “Everything else” set the source to “%(given)s”.") % words
    return _("Rule %(number)s set the source to “%(given)s”: %(rule)s.") % words


def tried(rule: sources.Rule | None, facts: sources.Facts, crm_name: str = "") -> str:
    """Which rule would decide on these facts, and what Bitrix24 would get or would look for itself."""
    if rule is None:
        return " ".join((_("No rule matches."), _by_itself(facts)))
    words = {"number": rule.position, "rule": seen(rule), "given": given(rule, crm_name)}
    if rule.field == sources.ANY:
        matches = _("No other rule matches, so “Everything else” decides.")
    else:
        matches = _("Rule %(number)s matches (%(rule)s).") % words
    gets = _("Bitrix24 gets %(given)s.") % words
    # A rule that sets no utm_source leaves it to Sales Intelligence.
    return " ".join(filter(None, (matches, gets, "" if rule.utm_source else _by_itself(facts))))


def _by_itself(facts: sources.Facts) -> str:
    """By what the portal finds a source itself: the tag, or where it does not know that one, the referrer."""
    values = {"value": facts.utm_source, "referrer": facts.referrer}
    if facts.utm_source and facts.referrer:
        return (
            _("Bitrix24 looks for the source itself, by utm_source %(value)s and then by the website %(referrer)s.")
            % values
        )
    if facts.utm_source:
        return _("Bitrix24 looks for the source itself, by utm_source %(value)s.") % values
    if facts.referrer:
        return _("Bitrix24 looks for the source itself, by the referring website %(referrer)s.") % values
    return _("There is neither a utm_source nor a referring website: Bitrix24 sees a direct visit.")


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
