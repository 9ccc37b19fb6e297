"""Say what a portal's plan allows."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from b24app.management import arguments
from b24app.models import Portal


class Command(BaseCommand):
    help = (
        "Say which plan a portal has: standard (2 requests a second), enterprise (5), or unlimited for one on the "
        "company's own server, where Bitrix24 does not count requests."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        arguments.add_portal(parser, required=True)
        parser.add_argument("--plan", required=True, choices=Portal.Tariff.values)

    def handle(self, *args: Any, **options: Any) -> None:
        portal = arguments.required_portal(options["portal"])
        Portal.objects.filter(pk=portal.pk).update(tariff=options["plan"])
        self.stdout.write(options["plan"])
