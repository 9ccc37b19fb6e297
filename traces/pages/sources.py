"""The page "sources": the rules in their order, changed in place; their file; a box to try them without sending."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from django.http import HttpRequest, HttpResponse, QueryDict
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters

from b24app.api import errors
from b24app.portal import crm_directory
from traces import sentences
from traces.compose import sources
from traces.history import explanation
from traces.models import Form, SourceRule, Submission
from traces.pages import submission
from traces.pages.frame import Reader, render, view
from traces.setup import rules, rules_csv

TEXTS = ("value", "utm_source", "crm_source", "crm_description")
MAX_TRIED = 20_000
PAGE_ROWS = 50
# A file's letters take up to nine bytes as they are posted.
MAX_FILE_BYTES = 9 * rules_csv.MAX_SIZE
# What is wrong with a rule, by the field where that is said; the rest is said above them.
_AT = {
    sources.FIELD_UNKNOWN: "field",
    rules.SECOND_DEFAULT: "field",
    sources.OPERATOR_UNKNOWN: "operator",
    sources.RESULT_MISSING: "utm_source",
}


@dataclass
class Input:
    """A rule that is being written: its texts as they were typed, and what is wrong with it by field."""

    shown: Mapping[str, str]
    id: int | None = None
    errors: dict[str, str] = field(default_factory=dict)


@view()
def show(request: HttpRequest, reader: Reader) -> HttpResponse:
    """The page itself."""
    return _page(request, reader)


@view()
def listed(request: HttpRequest, reader: Reader) -> HttpResponse:
    """The rules alone, those around a position (`at`)."""
    return _rules(request, reader, at=_number(request.GET.get("at", "")))


@view("GET", "POST")
def new(request: HttpRequest, reader: Reader) -> HttpResponse:
    """The page with a rule to be filled in; what it is to look for may have been posted (`field`, `value`)."""
    begun = {"field": "utm_source", "operator": sources.EQUALS, **_typed(request.POST)}
    return _page(request, reader, begun=Input(begun))


@view("POST")
def add(request: HttpRequest, reader: Reader) -> HttpResponse:
    """Store a new rule."""
    return _store(request, reader, SourceRule())


@view("GET", "POST")
def edit(request: HttpRequest, reader: Reader, rule_id: int) -> HttpResponse:
    """Open a rule in its place, or store what was changed."""
    row = _mine(reader, rule_id)
    if row is None:
        return _missing(request, reader)
    if request.method == "POST":
        return _store(request, reader, row)
    given = {name: getattr(row, name) for name in ("field", "operator", *TEXTS)}
    return _rules(request, reader, editing=Input(given, row.pk), at=row.position)


@view("POST")
def move(request: HttpRequest, reader: Reader, rule_id: int) -> HttpResponse:
    """Give a rule another position."""
    position = _number(request.POST.get("position", ""))
    if _mine(reader, rule_id) is None or not position:
        return _missing(request, reader)
    rules.move(reader.portal, rule_id, position)
    now = SourceRule.objects.get(pk=rule_id).position
    return _rules(request, reader, said=_("The rule is number %(number)s now.") % {"number": now}, at=now)


@view("POST")
def remove(request: HttpRequest, reader: Reader, rule_id: int) -> HttpResponse:
    """Take a rule away."""
    row = _mine(reader, rule_id)
    if row is None:
        return _missing(request, reader)
    rules.remove(reader.portal, rule_id)
    return _rules(request, reader, said=_("The rule is removed."), at=row.position)


@view()
def crm(request: HttpRequest, reader: Reader) -> HttpResponse:
    """The CRM's sources to choose from, asked of the portal now; a field to type in where it does not answer."""
    chosen = request.GET.get("chosen", "")[: sources.MAX_LENGTH]
    try:
        known = crm_directory.crm_sources(reader.portal)
    except errors.PortalError:
        known = None
    if known is not None and chosen and chosen not in dict(known):
        known.append((chosen, chosen))
    context = {"known": known, "chosen": chosen, "asked": True}
    return render(request, reader, "traces/sources/_crm.html", context)


@sensitive_post_parameters("text")
@view("POST")
def attempt(request: HttpRequest, reader: Reader) -> HttpResponse:
    """What would become of an address, a referrer or a trace; nothing is stored and nothing is sent."""
    text = request.POST.get("text", "").strip()
    chosen = request.POST.get("form", "")
    number = int(chosen) if chosen.isascii() and chosen.isdigit() and len(chosen) < 19 else 0
    form = Form.objects.filter(portal=reader.portal, pk=number).first() or Form(portal=reader.portal, creates="trace")
    body = _body(text, request.POST.get("kind", ""))
    context: dict[str, Any] = {"wrong": _("Paste an address, a referrer or a trace first.") if not text else ""}
    if text and len(text) <= MAX_TRIED:
        row = Submission(portal=reader.portal, form=form, body=body, received_at=timezone.now())
        explained = explanation.explain(row)
        context |= {**submission.made(explained), "rule": explained.prepared.rule}
    elif text:
        context["wrong"] = _("This is too long to be an address or a trace.")
    return render(request, reader, "traces/sources/_tried.html", context, status=422 if context["wrong"] else 200)


@view("POST")
def export(request: HttpRequest, reader: Reader) -> HttpResponse:
    """The rules as a CSV file."""
    text = rules_csv.write(row.rule() for row in reader.portal.source_rules.all())
    response = HttpResponse(text, content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = 'attachment; filename="source-rules.csv"'
    return response


@view("POST")
def take_in(request: HttpRequest, reader: Reader) -> HttpResponse:
    """Put the rules of a file in the place of all there are, unless anything is wrong with it.

    The page's script has read the file into the text: the service takes no uploads.
    """
    # More than Django's own limit for a form, which is made for the public addresses.
    posted = request.read(MAX_FILE_BYTES + 1)
    text = QueryDict(posted).get("text") or "" if len(posted) <= MAX_FILE_BYTES else "x" * (rules_csv.MAX_SIZE + 1)
    found, faults = rules_csv.read(text)
    if faults:
        told = _("Line %(line)s: %(fault)s")
        wrong = [told % {"line": line, "fault": sentences.RULE_FAULTS[code]} for line, code in faults]
        return _page(request, reader, wrong=wrong, pasted=text[: rules_csv.MAX_SIZE])
    rules.replace(reader.portal, [_row(rule) for rule in found])
    return _page(request, reader, said=_("The rules of the file are in use now."))


def _row(rule: sources.Rule) -> SourceRule:
    texts = {name: getattr(rule, name) for name in TEXTS}
    return SourceRule(field=rule.field, operator=rule.operator, **texts)


def _body(text: str, kind: str) -> dict[str, Any]:
    """What a website would have sent; `kind` is `address`, `referrer`, `trace`, or anything else to find it out."""
    if kind == "trace" or (kind not in ("address", "referrer") and text.startswith("{")):
        try:
            return {"TRACE": json.loads(text)}
        except (ValueError, RecursionError):
            return {"TRACE": text}
    return {"referrer" if kind == "referrer" else "page_url": text}


def _number(text: str) -> int:
    """A position as it was sent; 0 where it is none."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 6 else 0


def _typed(posted: Mapping[str, str]) -> dict[str, str]:
    names = ("field", "operator", *TEXTS)
    return {name: posted[name].strip()[: 2 * sources.MAX_LENGTH] for name in names if name in posted}


def _mine(reader: Reader, rule_id: int) -> SourceRule | None:
    return reader.portal.source_rules.filter(pk=rule_id).first() if rule_id < 2**63 else None


def _missing(request: HttpRequest, reader: Reader) -> HttpResponse:
    return render(request, reader, "traces/missing.html", page="sources", status=404)


def _store(request: HttpRequest, reader: Reader, row: SourceRule) -> HttpResponse:
    typed = _typed(request.POST)
    given = Input({"field": "", "operator": "", **dict.fromkeys(TEXTS, ""), **typed}, row.pk)
    for name, text in given.shown.items():
        setattr(row, name, text)
    if row.field == sources.ANY:
        row.operator, row.value = sources.EQUALS, ""
    is_new = row.pk is None
    try:
        (rules.add if is_new else rules.change)(reader.portal, row)
    except rules.RuleRejected as rejected:
        given.errors = {_AT.get(rejected.code, "value"): str(sentences.RULE_FAULTS[rejected.code])}
        if is_new:
            return _rules(request, reader, begun=given)
        return _rules(request, reader, editing=given, at=row.position)
    said = _("The rule is added. It holds from now on.") if is_new else _("The rule is changed. It holds from now on.")
    return _rules(request, reader, said=said, at=row.position)


def _context(reader: Reader, editing: Input | None, begun: Input | None, at: int) -> dict[str, Any]:
    """The rules around the position `at`, `PAGE_ROWS` of them."""
    known = reader.portal.source_rules
    count, movable = known.count(), known.exclude(field=sources.ANY).count()
    first = (min(max(at, 1), max(count, 1)) - 1) // PAGE_ROWS * PAGE_ROWS
    return {
        "rows": [_shown(row, movable) for row in known.all()[first : first + PAGE_ROWS]],
        "at": first + 1,
        "earlier": max(first - PAGE_ROWS + 1, 0),
        "later": first + PAGE_ROWS + 1 if first + PAGE_ROWS < count else 0,
        "count": count,
        "editing": editing,
        "begun": begun,
        "fields": sentences.RULE_FIELDS.items(),
        "hows": sentences.RULE_HOWS.items(),
        "longest": sources.MAX_LENGTH,
    }


def _shown(row: SourceRule, movable: int) -> dict[str, Any]:
    """A rule of the list; `up` and `down` are the positions beside it, 0 where there is none."""
    moves = row.field != sources.ANY
    return {
        "row": row,
        "field": sentences.RULE_FIELDS.get(row.field, row.field),
        "how": sentences.RULE_HOWS.get(row.operator, row.operator),
        "moves": moves,
        "up": row.position - 1 if moves and row.position > 1 else 0,
        "down": row.position + 1 if moves and row.position < movable else 0,
    }


def _rules(
    request: HttpRequest,
    reader: Reader,
    said: str = "",
    *,
    editing: Input | None = None,
    begun: Input | None = None,
    at: int = 1,
) -> HttpResponse:
    given = editing or begun
    context = {**_context(reader, editing, begun, at), "said": said}
    status = 422 if given and given.errors else 200
    return render(request, reader, "traces/sources/_rules.html", context, status=status)


def _page(
    request: HttpRequest,
    reader: Reader,
    said: str = "",
    *,
    begun: Input | None = None,
    wrong: list[str] | None = None,
    pasted: str = "",
) -> HttpResponse:
    context = {
        **_context(reader, None, begun, 1),
        "said": said,
        "wrong": wrong,
        "pasted": pasted,
        "forms": Form.objects.filter(portal=reader.portal).order_by("name", "pk"),
    }
    status = 422 if wrong else 200
    return render(request, reader, "traces/sources/page.html", context, page="sources", status=status)
