"""Send submissions again that could not be delivered."""

from argparse import ArgumentParser
from datetime import datetime
from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError
from django.db.models import Q
from django.utils import timezone

from traces.delivery import requeue
from traces.models import Submission

STATES = (Submission.State.FAILED, Submission.State.QUEUED, Submission.State.SPAM)


class Command(BaseCommand):
    help = (
        "Send submissions again. Failed ones start their three days anew; queued ones do not wait for their next try. "
        "Spam goes only with --state spam."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--id", type=UUID, help="this one only")
        parser.add_argument("--reason", metavar="CODE", help="those that ended with this code, such as error_core")
        parser.add_argument("--state", default=Submission.State.FAILED, choices=STATES, help="default: failed")
        parser.add_argument("--since", type=datetime.fromisoformat, metavar="TIME", help="received since, ISO 8601")

    def handle(self, *args: Any, **options: Any) -> None:
        chosen = Q(state=options["state"])
        if options["id"]:
            chosen &= Q(pk=options["id"])
        if options["reason"]:
            chosen &= Q(code=options["reason"].lower())
        if since := options["since"]:
            chosen &= Q(received_at__gte=since if timezone.is_aware(since) else timezone.make_aware(since))
        number = requeue.send_again(chosen, spam_too=options["state"] == Submission.State.SPAM)
        if options["id"] and not number:
            raise CommandError(f"No {options['state']} submission has the id {options['id']}.")
        self.stdout.write(f"{number} will be sent again")
