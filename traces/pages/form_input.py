"""What an administrator has typed into a form's settings: read, checked, and shown again where it cannot be kept."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import URLValidator
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from traces.intake import accept
from traces.models import Form, Kind

MAX_NAME_LENGTH, MAX_ADDRESS_LENGTH = 120, 500
MAX_ORIGINS, MAX_PER_MINUTE = 50, 10_000

# What each kind is for, in one sentence; those that most sites need first.
KINDS = {
    Kind.LEAD: gettext_lazy("Each submission becomes a lead with the visit that led to it. Right for most sites."),
    Kind.DEAL: gettext_lazy("Each submission becomes a deal, with a contact and, where one is named, a company."),
    Kind.CONTACT: gettext_lazy("Each submission becomes a contact with the visit."),
    Kind.COMPANY: gettext_lazy("Each submission becomes a company with the visit."),
    Kind.QUOTE: gettext_lazy("Each submission becomes a quote with the visit."),
    Kind.LEAD_UTM: gettext_lazy("A lead with the advertising tags in its UTM fields; the pages visited are not kept."),
    Kind.TRACE: gettext_lazy("The visit alone is stored on the portal; nothing appears in the CRM by itself."),
    Kind.LINK: gettext_lazy("Your server has made the records already and names them; the visit is added to them."),
}


@dataclass
class Input:
    """What stands in the fields: `shown` as it was typed, `facts` for the model's fields, `errors` by field."""

    shown: dict[str, Any]
    facts: dict[str, Any] = field(default_factory=dict)
    errors: dict[str, str] = field(default_factory=dict)

    @property
    def kinds(self) -> list[tuple[str, str, str, bool]]:
        """Each kind with its name, its sentence, and whether it is chosen."""
        return [(kind.value, str(kind.label), str(KINDS[kind]), kind == self.shown["creates"]) for kind in KINDS]


def of_form(form: Form) -> Input:
    """The fields as they are stored; for a form that is not made yet, as it would be."""
    return Input(
        {
            "name": form.name,
            "creates": form.creates,
            "origins": "\n".join(form.origins),
            "thank_you_url": form.thank_you_url,
            "find_existing": form.find_existing,
            "honeypot": form.honeypot,
            "max_per_minute": str(form.max_per_minute or ""),
            "active": form.active,
        }
    )


def read_new(posted: Mapping[str, str]) -> Input:
    """What makes a form: its name and its kind."""
    name = " ".join(posted.get("name", "").replace("\0", "").split())
    given = Input({"name": name, "creates": posted.get("creates", "")})
    _name_and_kind(given)
    return given


def read(posted: Mapping[str, str]) -> Input:
    """All settings of a form."""
    given = read_new(posted)
    for name in ("origins", "thank_you_url", "max_per_minute"):
        given.shown[name] = posted.get(name, "").strip()
    for name in ("find_existing", "honeypot", "active"):
        given.shown[name] = given.facts[name] = name in posted
    _origins(given)
    _thank_you(given)
    _max_per_minute(given)
    return given


def _name_and_kind(given: Input) -> None:
    name, kind = given.shown["name"], given.shown["creates"]
    if not 0 < len(name) <= MAX_NAME_LENGTH:
        given.errors["name"] = _("Give the form a name of at most %(most)s characters.") % {"most": MAX_NAME_LENGTH}
    if kind not in Kind.values:
        given.errors["creates"] = _("Choose what a submission becomes.")
    given.facts |= {"name": name, "creates": kind}


def _origins(given: Input) -> None:
    """One a line; an empty text allows every page."""
    origins: list[str] = []
    for line in filter(None, map(str.strip, given.shown["origins"].splitlines())):
        try:
            origins.append(accept.normal_origin(line if line.isprintable() else ""))
        except ValueError:
            given.errors["origins"] = _(
                "“%(line)s” is no address of a site. Write one a line, such as https://shop.example."
            ) % {"line": line[:100]}
            return
    given.facts["origins"] = list(dict.fromkeys(origins))
    if len(given.facts["origins"]) > MAX_ORIGINS:
        given.errors["origins"] = _("A form can have at most %(most)s sites.") % {"most": MAX_ORIGINS}


def _thank_you(given: Input) -> None:
    address = given.facts["thank_you_url"] = given.shown["thank_you_url"]
    if address and not _is_address(address):
        given.errors["thank_you_url"] = _(
            "This is no address of a page. Write it whole, such as https://shop.example/thanks, or leave it empty."
        )


def _is_address(text: str) -> bool:
    try:
        URLValidator(["http", "https"])(text)
    except ValidationError:
        return False
    return text.isprintable() and len(text) <= MAX_ADDRESS_LENGTH


def _max_per_minute(given: Input) -> None:
    text = given.shown["max_per_minute"] or "0"
    number = int(text) if text.isascii() and text.isdigit() and len(text) <= len(str(MAX_PER_MINUTE)) else -1
    given.facts["max_per_minute"] = number
    if not 0 <= number <= MAX_PER_MINUTE:
        given.errors["max_per_minute"] = _("Give a number from 1 to %(most)s, or leave it empty for no limit.") % {
            "most": MAX_PER_MINUTE
        }
