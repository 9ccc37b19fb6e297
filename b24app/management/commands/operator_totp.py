"""Give an operator a second factor, another one, or none: the way back in when a telephone is lost."""

from __future__ import annotations

import io
from argparse import ArgumentParser
from typing import Any

import pyotp
import segno
from django.contrib.auth.models import User
from django.core.management.base import BaseCommand, CommandError

from b24app.frame import operators
from b24app.models import SecondFactor


class Command(BaseCommand):
    help = (
        "Have the operator NAME type a code of an authenticator app at each login at /admin/. It prints what the app "
        "reads and asks for a code; only a right one makes it hold. Run again it takes the place of the former one."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("name", metavar="NAME", help="as in manage.py createsuperuser")
        parser.add_argument("--remove", action="store_true", help="let the password be enough from now on")

    def handle(self, *args: Any, **options: Any) -> None:
        user = User.objects.filter(username=options["name"]).first()
        if user is None:
            raise CommandError(f"There is no operator called {options['name']}.")
        if options["remove"]:
            SecondFactor.objects.filter(user=user).delete()
            self.stdout.write(f"{user.username} logs in with the password alone.")
        else:
            self._enrol(user)

    def _enrol(self, user: User) -> None:
        secret = pyotp.random_base32()
        address = pyotp.TOTP(secret).provisioning_uri(name=user.username, issuer_name="Trace Relay")
        picture = io.StringIO()
        segno.make(address, error="l").terminal(out=picture, compact=True)
        self.stdout.write(
            f"{picture.getvalue()}{address}\nScan this, or type the secret into the app. Then the code that it shows:"
        )
        try:
            step = operators.step_of(secret, input())
        except EOFError:
            step = None
        if step is None:
            raise CommandError("This is not the code: nothing was changed. Is the clock of this machine right?")
        facts = {"secret": secret, "last_step": step}
        SecondFactor.objects.update_or_create(user=user, defaults=facts)
        self.stdout.write(f"{user.username} types a code at each login from now on.")
