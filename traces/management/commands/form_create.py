"""Make a form for a portal and print its key, secret and address."""

import json
from argparse import ArgumentParser
from typing import Any

from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from django.core.management.base import BaseCommand, CommandError

from b24app.api import errors
from b24app.management import arguments
from b24app.portal import crm_directory
from traces import sentences
from traces.compose import choices, existing, fields
from traces.compose.choices import Choice
from traces.compose.records import KINDS
from traces.intake.access import normal_origin
from traces.models import LEADS, Form, Kind, Repeats
from traces.setup import forms


class Command(BaseCommand):
    help = "Make a form for a portal and print its key, its secret (shown this once) and its address."

    def add_arguments(self, parser: ArgumentParser) -> None:
        arguments.add_portal(parser, required=True)
        parser.add_argument("--name", required=True, help="what the form is called on the portal's page")
        parser.add_argument("--creates", default=Kind.TRACE, choices=Kind.values, help="what a submission becomes")
        parser.add_argument(
            "--origin", action="append", default=[], metavar="URL", help="a site that may send; repeat for more"
        )
        parser.add_argument("--thank-you", default="", metavar="URL", help="where a plain HTML form goes afterwards")
        parser.add_argument(
            "--mapping",
            default="{}",
            metavar="JSON",
            help='CRM fields by record, such as {"lead": {"TITLE": "{name}"}}',
        )
        parser.add_argument(
            "--conditions",
            default="[]",
            metavar="JSON",
            help="what becomes another record, or another person's, in this order, such as "
            '[{"field": "submitted", "name": "city", "value": "Lyon", "people": [7, 9]}]',
        )
        again = parser.add_mutually_exclusive_group()
        again.add_argument(
            "--repeats",
            choices=Repeats.values,
            help="visitors whom the CRM knows: always new records; find their contact and company; join the open lead "
            "or deal",
        )
        again.add_argument(
            "--find-existing",
            action="store_true",
            help="look for what is there by phone and e-mail: a deal's contact and company, a contact, a company, an "
            "open lead",
        )
        parser.add_argument(
            "--assigned-by", type=int, metavar="ID", help="the portal's user who is responsible for new records"
        )
        parser.add_argument("--json", action="store_true", help="print JSON")

    def handle(self, *args: Any, **options: Any) -> None:
        portal = arguments.required_portal(options["portal"])
        if not options["name"].strip():
            raise CommandError("--name is empty. Write what the form is called on the portal's page.")
        try:
            origins = [normal_origin(url) for url in options["origin"]]
        except ValueError as error:
            raise CommandError(str(error)) from None
        mapping = _mapping(options["mapping"])
        try:
            form, secret = forms.create(
                portal,
                name=options["name"],
                creates=options["creates"],
                origins=origins,
                mapping=mapping,
                choices=_choices(options["conditions"], options["creates"]),
                repeats=_repeats(options),
                assigned_by_id=options["assigned_by"],
                thank_you_url=options["thank_you"],
            )
        except ValidationError as error:
            # What concerns several fields is the name, which the portal has already.
            messages = {name.replace(NON_FIELD_ERRORS, "name"): texts for name, texts in error.message_dict.items()}
            faults = (f"--{name}: {' '.join(texts)}" for name, texts in messages.items())
            raise CommandError(f"The form cannot be made. {' '.join(faults)}") from None
        for warning in _asked(form):
            self.stderr.write(self.style.WARNING(warning))
        access = {"key": form.key, "secret": secret, "url": forms.address(form)}
        if options["json"]:
            self.stdout.write(json.dumps(access))
        else:
            self.stdout.write("\n".join(f"{name}: {value}" for name, value in access.items()))


def _repeats(options: dict[str, Any]) -> str:
    kind = options["creates"]
    found = Repeats.JOIN if kind == Kind.LEAD else Repeats.FIND
    repeats: str = options["repeats"] or (found if options["find_existing"] else Repeats.NEW)
    if repeats not in existing.repeats_of(kind):
        option = "--find-existing" if options["find_existing"] else f"--repeats {repeats}"
        possible = ", ".join(one for one in Kind.values if repeats in existing.repeats_of(one))
        raise CommandError(
            f"{option} does nothing for a form that creates {kind}; it works for {possible}. Leave it out."
        )
    return repeats


def _mapping(text: str) -> dict[str, Any]:
    try:
        mapping = json.loads(text)
    except ValueError:
        raise CommandError("--mapping is not JSON.") from None
    if fault := fields.fault(mapping):
        raise CommandError(f"The mapping cannot be used: {sentences.mapping_fault(fault)}")
    return dict(mapping)


def _choices(text: str, creates: str) -> list[dict[str, Any]]:
    """The conditions as a form keeps them."""
    try:
        listed = json.loads(text)
        found = [Choice.of(one) for one in listed]
        faults = filter(None, (choices.fault(one, creates) for one in found))
        fault = next(faults, "") if len(found) <= choices.MAX_CHOICES else choices.TOO_MANY
    except (ValueError, TypeError, AttributeError):
        raise CommandError("--conditions is no JSON list of conditions (docs/forms.md).") from None
    if fault:
        raise CommandError(f"--conditions cannot be used: {sentences.CHOICE_FAULTS[fault]}")
    return [dict(one) for one in listed]


def _asked(form: Form) -> list[str]:
    """Keep the types of the mapped fields with the form, as far as the portal can be asked now.

    Returns what the portal requires and no submission will have.
    """
    warnings = []
    if form.creates in LEADS:
        crm_directory.keep_mode(form.portal)
    if form.creates in LEADS and form.portal.simple_crm:
        warnings.append("The portal works without leads and turns each into a deal at once. Use --creates deal.")
    described = {}
    for record in KINDS[form.creates]:
        mapped = form.mapping.get(record) or {}
        try:
            described[record] = crm_directory.record_fields(form.portal, record)
        except errors.PortalError as error:
            return [f"The portal's required fields could not be read ({error.code}); the form was made all the same."]
        if missing := forms.missing_fields(mapped, record, described[record]):
            wanted = ", ".join(field.name for field in missing)
            warnings.append(f"The portal requires these fields of a {record}, map them: {wanted}")
    forms.keep_field_types(form, described)
    return warnings
