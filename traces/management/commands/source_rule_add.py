"""Add a source rule to a portal."""

import json
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from b24app.management import arguments
from b24app.models import Portal
from traces import sentences
from traces.compose import sources
from traces.management import rule_lines
from traces.models import SourceRule
from traces.setup import rules


class Command(BaseCommand):
    help = "Add a rule that tells a submission's source, and print it and all rules of the portal in their order."

    def add_arguments(self, parser: ArgumentParser) -> None:
        arguments.add_portal(parser, required=True)
        parser.add_argument(
            "--match", required=True, choices=sources.FIELDS, metavar="FIELD", help=", ".join(sources.FIELDS)
        )
        parser.add_argument("--how", default=sources.EQUALS, choices=sources.OPERATORS, help="default: equals")
        parser.add_argument("--value", default="", metavar="V", help="what to look for; not needed for any and empty")
        parser.add_argument("--utm-source", default="", metavar="S", help="a utm_source that the portal knows")
        parser.add_argument("--crm-source", default="", metavar="ID", help="a STATUS_ID of the CRM's sources")
        parser.add_argument("--description", default="", help="goes to the CRM beside the source")
        parser.add_argument(
            "--position", type=int, metavar="N", help="1 is the first; default: at the end, before the any rule"
        )
        parser.add_argument(
            "--only-unknown",
            action="store_true",
            help="an any rule leaves alone visitors with a utm_source or from another site",
        )
        parser.add_argument("--json", action="store_true", help="print JSON")

    def handle(self, *args: Any, **options: Any) -> None:
        row = SourceRule(
            field=options["match"],
            operator=options["how"],
            value="" if sources.without_value(options["match"], options["how"]) else options["value"],
            utm_source=options["utm_source"].strip(),
            crm_source=options["crm_source"].strip(),
            crm_description=options["description"].strip(),
            also_known=not options["only_unknown"],
        )
        if options["only_unknown"] and not rules.is_default(row):
            raise CommandError("--only-unknown is for an any rule.")
        portal = arguments.required_portal(options["portal"])
        rows = _add(row, portal, options["position"])
        if options["json"]:
            listed = [rule_lines.columns(other) for other in rows]
            self.stdout.write(json.dumps({"rule": listed[row.position - 1], "rules": listed}))
            return
        self.stdout.write(f"added: {row}")
        for line in rule_lines.listed(rows):
            self.stdout.write(line)


def _add(row: SourceRule, portal: Portal, position: int | None) -> list[SourceRule]:
    """Store the rule at its place and return all rules of the portal."""
    if position is not None and position < 1:
        raise CommandError("The first position is 1.")
    if position is not None and rules.is_default(row):
        raise CommandError("An any rule is always the last one: leave out --position.")
    try:
        return rules.add(portal, row, position)
    except rules.RuleRejected as rejected:
        raise CommandError(str(sentences.RULE_FAULTS[rejected.code])) from rejected
