"""The page "sources": the rules in their order, changed in place; their file; a box to try them without sending."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest, HttpResponse, QueryDict
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters

from b24app.api import errors
from b24app.portal import crm_directory
from traces import sentences
from traces.compose import sources
from traces.history import explanation
from traces.models import Form, SourceRule, Submission
from traces.pages import known, submission
from traces.pages.frame import Reader, render, view
from traces.pages.source_inputs import AroundInput, PositionInput, RuleInput, RulesFileInput, TrialInput
from traces.setup import known_values, rules, rules_csv

PAGE_ROWS = 50
# A file's letters take up to nine bytes as they are posted.
MAX_FILE_BYTES = 9 * rules_csv.MAX_SIZE
MAX_FAULTS = 20


@dataclass(frozen=True, slots=True)
class RuleRow:
    """A rule of the list; `up` and `down` are the positions beside it, 0 where there is none."""

    rule: SourceRule
    field: str | Promise
    operator: str | Promise
    moves: bool
    up: int
    down: int


@view()
def show(request: HttpRequest, reader: Reader) -> HttpResponse:
    """The page itself."""
    return _page(request, reader)


@view()
def list_rules(request: HttpRequest, reader: Reader) -> HttpResponse:
    """The rules alone, those around a position (`at`)."""
    typed = AroundInput(request.GET)
    return _rules(request, reader, at=typed.cleaned_data["at"] if typed.is_valid() else 1)


@view("GET", "POST")
def new(request: HttpRequest, reader: Reader) -> HttpResponse:
    """The page with a rule to be filled in; what it is to look for may have been posted (`field`, `value`)."""
    posted = RuleInput(request.POST)
    posted.full_clean()
    texts = {name: text for name, text in posted.cleaned_data.items() if text}
    begun = RuleInput(initial={"field": "utm_source", "operator": sources.EQUALS, **texts})
    return _page(request, reader, begun=begun)


@view("POST")
def add(request: HttpRequest, reader: Reader) -> HttpResponse:
    """Store a new rule."""
    row = SourceRule()
    typed = RuleInput(request.POST)
    if not _store(reader, row, typed):
        return _rules(request, reader, begun=typed)
    return _rules(request, reader, _("Rule added. It applies to new submissions."), at=row.position)


@view("GET", "POST")
def edit(request: HttpRequest, reader: Reader, rule_id: int) -> HttpResponse:
    """Open a rule in its place, or store what was changed."""
    row = _find(reader, rule_id)
    if row is None:
        return _gone(request, reader)
    if request.method == "GET":
        return _rules(request, reader, editing=RuleInput.of_row(row), at=row.position)
    at, typed = row.position, RuleInput(request.POST, rule_id=row.pk)
    if not _store(reader, row, typed):
        if _find(reader, rule_id) is None:
            return _gone(request, reader)
        return _rules(request, reader, editing=typed, at=at)
    return _rules(request, reader, _("Rule saved. It applies to new submissions."), at=row.position)


@view("POST")
def move(request: HttpRequest, reader: Reader, rule_id: int) -> HttpResponse:
    """Give a rule another position."""
    typed = PositionInput(request.POST)
    if not typed.is_valid():
        return _rules(request, reader, trouble=" ".join(map(str, typed.errors["position"])))
    try:
        rows = rules.move(reader.portal, rule_id, typed.cleaned_data["position"])
    except rules.RuleRejected:
        return _gone(request, reader)
    position = next(row.position for row in rows if row.pk == rule_id)
    return _rules(request, reader, _("This is rule %(number)s now.") % {"number": position}, at=position)


@view("POST")
def remove(request: HttpRequest, reader: Reader, rule_id: int) -> HttpResponse:
    """Remove a rule."""
    row = _find(reader, rule_id)
    try:
        rules.remove(reader.portal, rule_id)
    except rules.RuleRejected:
        return _gone(request, reader)
    return _rules(request, reader, _("Rule removed."), at=row.position if row else 1)


@view()
def list_crm_sources(request: HttpRequest, reader: Reader) -> HttpResponse:
    """The CRM's sources to choose from, asked of the portal now; a field to type in where it does not answer."""
    rule = RuleInput(initial={"crm_source": request.GET.get("chosen", "")[: sources.MAX_LENGTH]})
    try:
        rule.offer_crm_sources(crm_directory.crm_sources(reader.portal))
    except errors.PortalError:
        rule.ask_for_code()
    return render(request, reader, "traces/sources/_crm.html", {"input": rule})


@sensitive_post_parameters("text")
@view("POST")
def preview(request: HttpRequest, reader: Reader) -> HttpResponse:
    """What would become of an address, a referrer or a trace; nothing is stored and nothing is sent."""
    typed = TrialInput(reader.portal, request.POST)
    if not typed.is_valid():
        return render(request, reader, "traces/sources/_preview.html", {"input": typed}, status=422)
    form = typed.cleaned_data["form"] or Form(portal=reader.portal, creates="trace")
    row = Submission(portal=reader.portal, form=form, body=typed.body(), received_at=timezone.now())
    explained = explanation.explain(row)
    rule = explained.prepared.rule
    crm_name = crm_directory.known_crm_sources(reader.portal).get(rule.crm_source, "") if rule else ""
    answer = sentences.tried(rule, explained.prepared.facts, crm_name)
    context = {"input": typed, "answer": answer, **submission.explained_context(explained)}
    return render(request, reader, "traces/sources/_preview.html", context)


@view("POST")
def export_rules(request: HttpRequest, reader: Reader) -> HttpResponse:
    """The rules as a CSV file."""
    text = rules_csv.write(row.rule() for row in reader.portal.source_rules.all())
    response = HttpResponse(text, content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = 'attachment; filename="source-rules.csv"'
    return response


@view("POST")
def import_rules(request: HttpRequest, reader: Reader) -> HttpResponse:
    """Put the rules of a file in the place of all there are, unless anything is wrong with it.

    The page's script has read the file into the text: the service takes no uploads.
    """
    # More than Django's own limit for a form, which is made for the public addresses.
    body = request.read(MAX_FILE_BYTES + 1)
    posted = QueryDict(body if len(body) <= MAX_FILE_BYTES else "")
    is_too_large = len(body) > MAX_FILE_BYTES or len(posted.get("text", "")) > rules_csv.MAX_SIZE
    # A file that is too large is not shown again: half of it would be taken for the whole.
    typed = RulesFileInput(QueryDict() if is_too_large else posted, is_too_large=is_too_large)
    if not typed.is_valid():
        return _page(request, reader, file=typed)
    rules.replace(reader.portal, [_row_of_rule(rule) for rule in typed.cleaned_data["text"]])
    return _page(request, reader, _("Rules imported. They apply to new submissions."))


def _row_of_rule(rule: sources.Rule) -> SourceRule:
    names = ("field", "operator", "value", "utm_source", "crm_source", "crm_description", "also_known")
    return SourceRule(**{name: getattr(rule, name) for name in names})


def _find(reader: Reader, rule_id: int) -> SourceRule | None:
    return reader.portal.source_rules.filter(pk=rule_id).first()


def _gone(request: HttpRequest, reader: Reader) -> HttpResponse:
    """The answer where a rule is not there, or a colleague has just removed it."""
    return _rules(request, reader, trouble=str(sentences.RULE_FAULTS[rules.GONE]), status=404)


def _store(reader: Reader, row: SourceRule, typed: RuleInput) -> bool:
    """Store a rule as it was typed. Returns whether it is stored; if not, the input says why."""
    if not typed.is_valid():
        return False
    typed.fill(row)
    try:
        (rules.add if row.pk is None else rules.change)(reader.portal, row)
    except rules.RuleRejected as rejected:
        typed.reject(rejected.code)
    return typed.is_valid()


def _context(reader: Reader, editing: RuleInput | None, begun: RuleInput | None, at: int) -> dict[str, Any]:
    """The rules around the position `at`, `PAGE_ROWS` of them."""
    known = reader.portal.source_rules
    count, movable = known.count(), known.exclude(field=sources.ANY).count()
    first = (min(max(at, 1), max(count, 1)) - 1) // PAGE_ROWS * PAGE_ROWS
    return {
        "rows": [_rule_row(row, movable) for row in known.all()[first : first + PAGE_ROWS]],
        "at": first + 1,
        "earlier": max(first - PAGE_ROWS + 1, 0),
        "later": first + PAGE_ROWS + 1 if first + PAGE_ROWS < count else 0,
        "count": count,
        "editing": editing,
        "begun": begun,
        "known_sources": known_values.names(reader.portal.pk) if editing or begun else (),
    }


def _rule_row(row: SourceRule, movable: int) -> RuleRow:
    moves = not rules.is_default(row)
    return RuleRow(
        rule=row,
        field=sentences.RULE_FIELDS.get(row.field, row.field),
        operator=sentences.RULE_HOWS.get(row.operator, row.operator),
        moves=moves,
        up=row.position - 1 if moves and row.position > 1 else 0,
        down=row.position + 1 if moves and row.position < movable else 0,
    )


def _rules(
    request: HttpRequest,
    reader: Reader,
    notice: str = "",
    *,
    editing: RuleInput | None = None,
    begun: RuleInput | None = None,
    at: int = 1,
    trouble: str = "",
    status: int = 200,
) -> HttpResponse:
    """The rules alone, with a `notice` of what was changed, or with the `trouble` that kept it from being so."""
    typed = editing or begun
    if status == 200 and (trouble or (typed and typed.errors)):
        status = 422
    context = {**_context(reader, editing, begun, at), "chosen": at, "notice": notice, "trouble": trouble}
    return render(request, reader, "traces/sources/_rules.html", context, status=status)


def _page(
    request: HttpRequest,
    reader: Reader,
    notice: str = "",
    *,
    begun: RuleInput | None = None,
    file: RulesFileInput | None = None,
) -> HttpResponse:
    context = {
        **_context(reader, None, begun, 1),
        "notice": notice,
        "faults": list(file.errors.get("text", []))[:MAX_FAULTS] if file else [],
        "file": file or RulesFileInput(),
        "trial": TrialInput(reader.portal),
        **known.card_context(reader),
    }
    status = 422 if file else 200
    return render(request, reader, "traces/sources/page.html", context, page="sources", status=status)
