"""Print the way of one submission: what came, what was built, which rule, which commands, what the portal answered."""

import json
from argparse import ArgumentParser
from collections.abc import Iterable, Iterator
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from b24app.management import arguments
from traces import sentences
from traces.history import explanation
from traces.history.explanation import Explanation
from traces.models import Submission


class Command(BaseCommand):
    help = "Print the way of one submission. It shows the visitor's data."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("id", type=arguments.submission_id, metavar="ID", help="the submission's id")

    def handle(self, *args: Any, **options: Any) -> None:
        row = Submission.objects.filter(pk=options["id"]).select_related("portal", "form").first()
        if row is None:
            raise CommandError(f"There is no submission {options['id']}.")
        explained = None if row.emptied_at else explanation.explain(row)
        for title, lines in (
            ("Came in", _came(row)),
            ("Repaired", (f"{key}: {sentences.REPAIRS[key]}" for key in (explained or row).repairs)),
            *(_made(explained) if explained else ()),
            ("Responses from Bitrix24", _attempts(row)),
        ):
            self.stdout.write(self.style.MIGRATE_HEADING(title))
            for text in lines:
                for line in text.splitlines():
                    self.stdout.write(f"  {line}")


def _came(row: Submission) -> Iterator[str]:
    yield f"{row.received_at:%Y-%m-%d %H:%M:%S} UTC, form {row.form.name} ({row.form.creates}), {row.shown_state}"
    if row.consent:
        yield f"the visitor's consent: {row.consent}"
    if row.emptied_at:
        yield f"The visitor's data was deleted on {row.emptied_at:%Y-%m-%d}, after its retention period."
    else:
        yield explanation.pretty(row.body)


def _made(explained: Explanation) -> Iterator[tuple[str, Iterable[str]]]:
    yield "Trace", [explained.trace]
    yield "Rules, as they are now", _rules(explained)
    yield "Commands, as they would be now", _commands(explained)


def _rules(explained: Explanation) -> Iterator[str]:
    if not explained.rules:
        yield "none: the portal finds the source by itself, by utm_source or by the referrer"
    for rule in explained.rules:
        found = f' (came: "{rule.found}")' if rule.found else ""
        arrow = "->" if rule.matched else "  "
        yield f"{arrow} {explanation.asked(rule.rule)}{found}: {sentences.RULES[rule.because]}"


def _commands(explained: Explanation) -> Iterator[str]:
    for number, command in enumerate(explained.commands, 1):
        yield f"{number}. {command.method} {json.dumps(command.params, ensure_ascii=False)}"
    if len(explained.commands) > 1:
        yield "A negative number stands for the record that the command with this position creates."


def _attempts(row: Submission) -> Iterator[str]:
    for attempt in row.attempts.all():
        told = f"{attempt.code} {attempt.reason}".strip()
        yield (
            f"{attempt.at:%Y-%m-%d %H:%M:%S} {attempt.method} {attempt.outcome}, {attempt.milliseconds} ms"
            f"{f': {told}' if told else ''}"
        )
    yield f"trace {row.trace_id or 'without a number'}, records {json.dumps(row.entities)}"
    if row.reason:
        yield row.reason
