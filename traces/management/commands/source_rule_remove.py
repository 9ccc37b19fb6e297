"""Remove a source rule of a portal."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from b24app.management import arguments
from traces.management import rule_lines
from traces.setup import rules


class Command(BaseCommand):
    help = "Remove a source rule by its position, and print those that are left."

    def add_arguments(self, parser: ArgumentParser) -> None:
        arguments.add_portal(parser, required=True)
        parser.add_argument("position", type=int, metavar="N", help="its position, as source_rules prints it")

    def handle(self, *args: Any, **options: Any) -> None:
        portal = arguments.required_portal(options["portal"])
        row = rule_lines.at_position(portal, options["position"])
        text = str(row)
        left = rules.remove(portal, row.pk)
        self.stdout.write(f"removed: {text}")
        for line in rule_lines.listed(left):
            self.stdout.write(line)
