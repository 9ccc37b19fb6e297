"""Delete what is stored of a visitor, by phone or e-mail."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from b24app.management import arguments
from traces.history import visitor_requests


class Command(BaseCommand):
    help = "Delete a visitor's submissions. Without --yes it only says how many there are."

    def add_arguments(self, parser: ArgumentParser) -> None:
        arguments.add_portal(parser, required=True)
        parser.add_argument("contact", metavar="CONTACT", help="the visitor's phone or e-mail")
        parser.add_argument("--yes", action="store_true", help="delete them; this cannot be undone")

    def handle(self, *args: Any, **options: Any) -> None:
        portal = arguments.required_portal(options["portal"])
        if not visitor_requests.is_contact(options["contact"]):
            raise CommandError("CONTACT is neither a phone number nor an e-mail address.")
        if not options["yes"]:
            found = visitor_requests.find(portal, options["contact"])
            self.stdout.write(f"{found.number} submissions, {found.first} to {found.last}. Delete them with --yes.")
            return
        erased = visitor_requests.erase(portal, options["contact"])
        self.stdout.write(f"{erased.deleted} submissions were deleted, {erased.left} follow once they are settled.")
