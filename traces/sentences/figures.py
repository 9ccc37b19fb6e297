"""Where a submission came from and how long something took, as pages show them."""

from django.utils import formats
from django.utils.translation import gettext, ngettext

from traces.compose import search


def quoted(text: str) -> str:
    """A text in the quotation marks of the reader's language."""
    return gettext("“%(text)s”") % {"text": text}


def source_label(source: str) -> str:
    """A submission's source in words, by what `traces.compose.search.source_of` has stored; "" is not known yet."""
    kind, _colon, value = source.partition(":")
    if kind == search.UTM_SOURCE:
        return gettext("%(value)s (UTM tag)") % {"value": value}
    if kind == search.REFERRER:
        return gettext("From %(value)s") % {"value": value.removeprefix("www.")}
    return gettext("Direct visit") if kind == search.DIRECT else gettext("Unknown yet")


def source_name(source: str) -> tuple[str, str]:
    """A source by its own name, and what kind of name that is or "": "google", "UTM tag"."""
    kind, _colon, value = source.partition(":")
    if kind == search.UTM_SOURCE:
        return value, gettext("UTM tag")
    if kind == search.REFERRER:
        return value.removeprefix("www."), gettext("website")
    return source_label(source), ""


def came_by_label(name: str, text: str) -> str:
    """One of `traces.compose.search.CAME_BY` in words; "" is a tag that the visitor did not bring."""
    if name == "source":
        return source_label(text)
    if name == "first_source":
        return source_label(text) if text else gettext("No earlier visit known")
    return text or gettext("Not specified")


def duration(seconds: float) -> str:
    """A length of time as a person says it: "0.2 s", "3 min", "5 h", in the reader's language."""
    if seconds < 0.05:
        return gettext("under %(number)s s") % {"number": formats.number_format(0.1, 1)}
    if seconds < 9.95:
        return gettext("%(number)s s") % {"number": formats.number_format(seconds, 1)}
    if seconds < 89.5:
        return gettext("%(number)s s") % {"number": round(seconds)}
    if seconds < 89.5 * 60:
        return gettext("%(number)s min") % {"number": round(seconds / 60)}
    if seconds < 47.5 * 3600:
        return gettext("%(number)s h") % {"number": round(seconds / 3600)}
    days = round(seconds / 86_400)
    return ngettext("%(number)s day", "%(number)s days", days) % {"number": days}
