"""Turn a source rule of a portal on or off."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from b24app.management import arguments
from traces.management import rule_lines
from traces.models import SourceRule
from traces.setup import rules


class Command(BaseCommand):
    help = "Turn a source rule on or off by its position, and print all rules."

    def add_arguments(self, parser: ArgumentParser) -> None:
        arguments.add_portal(parser, required=True)
        parser.add_argument("position", type=int, metavar="N", help="its position, as source_rules prints it")
        parser.add_argument("state", choices=("on", "off"))

    def handle(self, *args: Any, **options: Any) -> None:
        portal = arguments.required_portal(options["portal"])
        row = rule_lines.at_position(portal, options["position"])
        rules.switch(portal, row.pk, active=options["state"] == "on")
        for line in rule_lines.listed(list(SourceRule.objects.filter(portal=portal))):
            self.stdout.write(line)
