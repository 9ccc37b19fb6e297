"""`manage.py restore`: a backup into an empty database."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from b24app.host import backups


class Command(BaseCommand):
    help = "Fill an empty database from a file of `manage.py backup`. Nothing else may run meanwhile."
    requires_system_checks = ()  # there are no tables yet

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path)

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            backups.restore(options["file"])
        except backups.Failed as error:
            raise CommandError(str(error)) from None
        self.stdout.write("Restored. Before you start the service: docs/operations.md, “Backups”.")
