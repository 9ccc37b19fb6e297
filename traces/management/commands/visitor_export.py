"""Print what is stored of a visitor, by phone or e-mail."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from b24app.management import arguments
from traces.history import visitor_requests


class Command(BaseCommand):
    help = "Print a visitor's submissions with their attempts, one JSON object a line. It shows the visitor's data."

    def add_arguments(self, parser: ArgumentParser) -> None:
        arguments.add_portal(parser, required=True)
        parser.add_argument("contact", metavar="CONTACT", help="the visitor's phone or e-mail")

    def handle(self, *args: Any, **options: Any) -> None:
        portal = arguments.required_portal(options["portal"])
        if not visitor_requests.is_contact(options["contact"]):
            raise CommandError("CONTACT is neither a phone number nor an e-mail address.")
        for line in visitor_requests.lines(portal, options["contact"]):
            self.stdout.write(line, ending="")
