"""`manage.py backup`: the database in one file."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from b24app.host import backups


class Command(BaseCommand):
    help = "Copy the database to a file while the service works. FIELD_ENCRYPTION_KEYS is not in it: keep it elsewhere."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", nargs="?", type=Path, help="a new file; without it, one in DATA_DIR/backups")

    def handle(self, *args: Any, **options: Any) -> None:
        file = options["file"] or settings.DATA_DIR / "backups" / f"{timezone.now():%Y%m%d-%H%M%S}.backup"
        try:
            backups.back_up(file)
        except backups.Failed as error:
            raise CommandError(str(error)) from None
        self.stdout.write(f"Wrote {file}. It cannot be read without FIELD_ENCRYPTION_KEYS: keep the keys elsewhere.")
