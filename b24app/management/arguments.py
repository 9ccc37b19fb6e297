"""What the operator's commands have in common: reading their arguments, with an answer to what cannot be read."""

from __future__ import annotations

import uuid
from argparse import ArgumentParser, ArgumentTypeError
from datetime import datetime

from django.core.management.base import CommandError
from django.utils import timezone

from b24app.models import Portal


def add_portal(parser: ArgumentParser, *, required: bool = False) -> None:
    """Let a command have `--portal`."""
    words = "the portal's member_id or domain" if required else "of this portal only"
    parser.add_argument("--portal", required=required, metavar="MEMBER_ID_OR_DOMAIN", help=words)


def portal(text: str | None) -> Portal | None:
    """The portal that `--portal` names; None if it was left out. Raises as `required_portal` does."""
    return None if text is None else required_portal(text)


def required_portal(text: str) -> Portal:
    """The portal with this member_id or domain. Raises `CommandError` if there is none."""
    found = Portal.named(text)
    if found is None:
        raise CommandError(
            f"No portal has the member_id or the domain {text}. `manage.py portals` lists those that there are."
        )
    return found


def moment(text: str) -> datetime:
    """A time as ISO 8601 has it, in the server's zone unless it names one. Raises argparse's error for another text."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise ArgumentTypeError(f"{text!r} is not a time. Write it like 2026-11-27 or 2026-11-27T10:00.") from None
    return found if timezone.is_aware(found) else timezone.make_aware(found)


def submission_id(text: str) -> uuid.UUID:
    """The id of a submission. Raises argparse's error for another text."""
    try:
        return uuid.UUID(text)
    except ValueError:
        raise ArgumentTypeError(
            f"{text!r} is not the id of a submission. It looks like 01a207da-71c3-7f1f-ac66-a7fb36dbd633."
        ) from None
