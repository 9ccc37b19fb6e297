"""Say what a portal's plan allows."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from b24app.models import Portal


class Command(BaseCommand):
    help = (
        "Say which plan a portal has: standard (2 requests a second), enterprise (5), or unlimited for one on the "
        "company's own server, where Bitrix24 does not count requests."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--portal", required=True, metavar="MEMBER_ID_OR_DOMAIN", help="the portal's member_id or domain"
        )
        parser.add_argument("--plan", required=True, choices=Portal.Tariff.values)

    def handle(self, *args: Any, **options: Any) -> None:
        portal = Portal.named(options["portal"])
        if portal is None:
            raise CommandError(f"No portal has the member_id or the domain {options['portal']}.")
        Portal.objects.filter(pk=portal.pk).update(tariff=options["plan"])
        self.stdout.write(options["plan"])
