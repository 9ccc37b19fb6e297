"""The operators' second factor: the codes of an authenticator app, asked for at the login of /admin/."""

from __future__ import annotations

import time
from typing import Any

import pyotp
from django import forms
from django.contrib.admin.forms import AdminAuthenticationForm
from django.contrib.auth.base_user import AbstractBaseUser
from django.core.exceptions import ValidationError

from b24app.host.encryption import Unreadable
from b24app.models import SecondFactor
from b24app.pace import counters

STEP_SECONDS = 30
_WRONG = "The name, the password or the code is wrong. Each code is good once, for about a minute."
# Clocks differ: the code before and the one after are good too.
STEPS_BESIDE = 1
# Wrong codes of one operator, from anybody and anywhere: this many at once, then one more per this many seconds.
MAX_WRONG, WRONG_SECONDS = 5, 300


def step_of(secret: str, code: str) -> int | None:
    """The number of the 30 seconds that the code is of; None if it is of none around now."""
    now, code = int(time.time()) // STEP_SECONDS, "".join(code.split())
    totp = pyotp.TOTP(secret)
    steps = range(now - STEPS_BESIDE, now + STEPS_BESIDE + 1)
    return next((step for step in steps if pyotp.utils.strings_equal(totp.generate_otp(step), code)), None)


def use(factor: SecondFactor, code: str) -> bool:
    """Use a code up. Returns whether it is good, which each is once."""
    limits = counters.limits_of((f"code:{factor.user_id}", MAX_WRONG, 1 / WRONG_SECONDS))
    if counters.take(limits).full or isinstance(factor.secret, Unreadable):
        return False
    step = step_of(factor.secret, code)
    # One statement: of two logins with the same code at the same moment, one is let in.
    unused = SecondFactor.objects.filter(pk=factor.pk, last_step__lt=step) if step is not None else None
    if unused is None or not unused.update(last_step=step):
        return False
    counters.give_back(limits)
    return True


class LoginForm(AdminAuthenticationForm):
    """Name, password and, for operators with a second factor, its code.

    The error does not say what was wrong, so nobody learns that a password is right.
    """

    code = forms.CharField(
        label="Code of your authenticator app, if you have one",
        required=False,
        max_length=20,
        widget=forms.TextInput(attrs={"autocomplete": "one-time-code", "inputmode": "numeric"}),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not SecondFactor.objects.exists():
            del self.fields["code"]

    def confirm_login_allowed(self, user: AbstractBaseUser) -> None:
        """Raises `ValidationError` if the password alone does not do."""
        super().confirm_login_allowed(user)  # type: ignore[arg-type]  # any user is asked whether it is staff
        factor = SecondFactor.objects.filter(user_id=user.pk).first()
        if factor and not use(factor, self.cleaned_data.get("code", "")):
            raise ValidationError(_WRONG, code="invalid_login")

    def get_invalid_login_error(self) -> ValidationError:
        """The same words whatever was wrong."""
        if "code" not in self.fields:
            return super().get_invalid_login_error()
        return ValidationError(_WRONG, code="invalid_login")
