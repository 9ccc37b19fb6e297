"""Send submissions again that could not be delivered."""

import sys
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db.models import Q

from b24app.management import arguments
from traces import sentences
from traces.delivery import requeue
from traces.models import Submission

STATES = (Submission.State.FAILED.value, Submission.State.QUEUED.value, Submission.State.SPAM.value)
NARROWING = ("id", "reason", "portal", "since")


class Command(BaseCommand):
    help = (
        "Send submissions again. Failed ones start their three days anew; queued ones do not wait for their next try. "
        "Spam goes only with --state spam."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--id", type=arguments.submission_id, help="this one only")
        parser.add_argument("--reason", metavar="CODE", help="those that ended with this code, such as error_core")
        arguments.add_portal(parser)
        parser.add_argument("--state", default=STATES[0], choices=STATES, help="default: failed")
        parser.add_argument("--since", type=arguments.moment, metavar="TIME", help="received since, ISO 8601")
        parser.add_argument(
            "--all", action="store_true", help="all portals' at once, without the question at a terminal"
        )
        parser.add_argument("--dry-run", action="store_true", help="count them only")

    def handle(self, *args: Any, **options: Any) -> None:
        chosen, spam_too = _chosen(options), options["state"] == Submission.State.SPAM
        number = requeue.resting(chosen, spam_too=spam_too).count()
        if options["id"] and not number:
            raise CommandError(f"No {options['state']} submission has the id {options['id']}.")
        if options["dry_run"]:
            self.stdout.write(f"{number} would be sent again")
            return
        # A script calls it as it always could; a person who names nothing has perhaps not meant all portals.
        if number and not options["all"] and not any(options[name] for name in NARROWING) and sys.stdin.isatty():
            self._confirm(number, requeue.resting(chosen, spam_too=spam_too).values("portal").distinct().count())
        self.stdout.write(f"{requeue.send_again(chosen, spam_too=spam_too)} will be sent again")

    def _confirm(self, number: int, portals: int) -> None:
        self.stdout.write(f"Submissions: {number}, portals: {portals}. Send all of them again? [y/N] ", ending="")
        self.stdout.flush()
        if sys.stdin.readline().strip().lower() not in {"y", "yes"}:
            raise CommandError("Nothing was sent again. Choose by --portal, --reason, --since or --id.")


def _chosen(options: dict[str, Any]) -> Q:
    """The submissions that the options describe."""
    chosen = Q(state=options["state"])
    if options["id"]:
        chosen &= Q(pk=options["id"])
    if options["reason"]:
        chosen &= Q(code=_code(options["reason"]))
    if portal := arguments.portal(options["portal"]):
        chosen &= Q(portal=portal)
    if options["since"]:
        chosen &= Q(received_at__gte=options["since"])
    return chosen


def _code(text: str) -> str:
    """The code of a reason. Bitrix24 has codes of its own: one that no submission ended with is taken for a slip."""
    code = text.lower()
    if code in sentences.FAILURES or Submission.objects.filter(code=code).exists():
        return code
    there = Submission.objects.exclude(code="").order_by("code").values_list("code", flat=True).distinct()
    raise CommandError(f"No submission has the reason {text}. Reasons there are: {', '.join(there) or 'none'}.")
