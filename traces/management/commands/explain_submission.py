"""Print the way of one submission: what came, what was built, which rule, which commands, what the portal answered."""

import json
from argparse import ArgumentParser
from collections.abc import Iterator
from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError

from traces import orders, plan, sentences, sources
from traces.models import Submission
from traces.views import shown_state


class Command(BaseCommand):
    help = "Print the way of one submission. It shows the visitor's data."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("id", type=UUID, metavar="ID", help="the submission's id")

    def handle(self, *args: Any, **options: Any) -> None:
        row = Submission.objects.filter(pk=options["id"]).select_related("portal", "form").first()
        if row is None:
            raise CommandError(f"There is no submission {options['id']}.")
        book = orders.rulebook(row.portal_id)
        work = orders.work(row, row.form, book.rules)
        for title, lines in (
            ("Came in", _came(row)),
            ("Repaired", (f"{key}: {sentences.REPAIRS[key]}" for key in dict.fromkeys([*row.repairs, *work.repairs]))),
            ("Trace", [json.dumps(work.trace, ensure_ascii=False, indent=2)]),
            ("Rules, as they are now", _rules(book, work)),
            ("Commands, as they would be now", _commands(work)),
            ("What the portal answered", _attempts(row)),
        ):
            self.stdout.write(self.style.MIGRATE_HEADING(title))
            self.stdout.writelines(f"  {line}" for text in lines for line in text.splitlines())


def _came(row: Submission) -> Iterator[str]:
    yield f"{row.received_at:%Y-%m-%d %H:%M:%S} UTC, form {row.form.name} ({row.form.creates}), {shown_state(row)}"
    yield json.dumps(row.body, ensure_ascii=False, indent=2)


def _rules(book: orders.Rulebook, work: orders.Work) -> Iterator[str]:
    if not book.rules:
        yield "none: the portal finds the source by itself, by utm_source or by the referrer"
    for explained in sources.explain(book.rules, work.facts):
        rule = explained.rule
        asked = rule.field if rule.field == sources.ANY else f'{rule.field} {rule.how} "{rule.value}"'
        found = f' (came: "{explained.found}")' if explained.found else ""
        yield f"{'->' if explained.matched else '  '} {asked}{found}: {sentences.RULES[explained.because]}"


def _commands(work: orders.Work) -> Iterator[str]:
    """Every step from the beginning, as if nothing were there yet."""
    progress: dict[str, int] = {}
    number = 0
    while step := plan.step(work.order, progress):
        for name, command in step.items():
            number += 1
            yield f"{number}. {command.method} {json.dumps(command.params, ensure_ascii=False)}"
            progress[name] = 0 if name.startswith("found_") else -number
    if number > 1:
        yield "A negative number stands for what the command with this place has made."


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
