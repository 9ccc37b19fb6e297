"""List the forms."""

import json
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from b24app.management import arguments
from traces.models import Form
from traces.setup.forms import address


class Command(BaseCommand):
    help = "List the forms with their addresses; no secret is shown."

    def add_arguments(self, parser: ArgumentParser) -> None:
        arguments.add_portal(parser)
        parser.add_argument("--json", action="store_true", help="print JSON")

    def handle(self, *args: Any, **options: Any) -> None:
        portal = arguments.portal(options["portal"])
        found = Form.objects.select_related("portal").order_by("portal__domain", "name", "pk")
        rows = [
            {
                "portal": form.portal.domain,
                "name": form.name,
                "creates": form.creates,
                "active": form.active,
                "url": address(form),
            }
            for form in (found.filter(portal=portal) if portal else found)
        ]
        if options["json"]:
            self.stdout.write(json.dumps(rows))
            return
        for row in rows:
            state = "" if row["active"] else "  (switched off)"
            self.stdout.write(f"{row['portal']}  {row['creates']:8} {row['url']}  {row['name']}{state}")
        if not rows:
            self.stdout.write("There is no form yet. `manage.py form_create` makes one.")
