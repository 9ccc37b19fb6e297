"""Make a form for a portal and print its key, secret and address."""

import json
from argparse import ArgumentParser
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError

from b24app.api import errors
from b24app.models import Portal
from b24app.portal import crm_directory
from traces import sentences
from traces.compose import fields
from traces.compose.records import KINDS
from traces.intake.access import normal_origin
from traces.models import Form, Kind
from traces.setup import forms


class Command(BaseCommand):
    help = "Make a form for a portal and print its key, its secret (shown this once) and its address."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--portal", required=True, metavar="MEMBER_ID", help="the portal's member_id")
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
            "--find-existing", action="store_true", help="a deal's contact and company are looked for before"
        )
        parser.add_argument("--json", action="store_true", help="print JSON")

    def handle(self, *args: Any, **options: Any) -> None:
        portal = Portal.objects.filter(member_id=options["portal"]).first()
        if portal is None:
            raise CommandError(f"No portal has the member_id {options['portal']}. Install the application on it first.")
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
                find_existing=options["find_existing"],
                thank_you_url=options["thank_you"],
            )
        except ValidationError as error:
            raise CommandError(f"The form cannot be made: {error.message_dict}") from None
        for warning in _asked(form):
            self.stderr.write(self.style.WARNING(warning))
        access = {"key": form.key, "secret": secret, "url": forms.address(form)}
        if options["json"]:
            self.stdout.write(json.dumps(access))
        else:
            self.stdout.write("\n".join(f"{name}: {value}" for name, value in access.items()))


def _mapping(text: str) -> dict[str, Any]:
    try:
        mapping = json.loads(text)
    except ValueError:
        raise CommandError("--mapping is not JSON.") from None
    if fault := fields.fault(mapping):
        raise CommandError(f"The mapping cannot be used: {sentences.mapping_fault(fault)}")
    return dict(mapping)


def _asked(form: Form) -> list[str]:
    """Keep the types of the mapped fields with the form, as far as the portal can be asked now.

    Returns what the portal requires and no submission will have.
    """
    warnings = []
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
