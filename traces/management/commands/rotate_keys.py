"""Encrypt everything that is stored encrypted with the first key, so that the others can go."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from b24app.host.encrypted_columns import models_encrypted
from traces.history import rotation


class Command(BaseCommand):
    help = (
        "Encrypt everything that is stored encrypted with the first of FIELD_ENCRYPTION_KEYS, so that the others can "
        "be taken away; what was stored before it was encrypted too. It may be run while the service works, and again "
        "where it was interrupted: what is done is left alone."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        unreadable = 0
        for model in models_encrypted():
            total = model._default_manager.count()
            for progress in rotation.rotate(model):
                self.stdout.write(f"{model._meta.label_lower}: {progress.done} of {total}")
                self.stdout.flush()
            unreadable += progress.unreadable
        if unreadable:
            raise CommandError(
                f"{unreadable} values cannot be read with any of the keys: keep the old keys, or add the missing one."
            )
        self.stdout.write("Everything is encrypted with the first key. The others can be taken away.")
