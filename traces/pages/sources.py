"""The page "sources": the rules in their order, found, changed in place, turned on and off, and removed."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _

from b24app.api import errors
from b24app.portal import crm_directory
from traces import sentences
from traces.compose import sources
from traces.models import SourceRule
from traces.pages import known, source_rows, source_undo
from traces.pages.frame import Reader, render, view
from traces.pages.source_inputs import (
    AroundInput,
    FindInput,
    LikeInput,
    PositionInput,
    RuleInput,
    RulesFileInput,
    SwitchInput,
    TrialInput,
)
from traces.setup import known_values, rules

MAX_FAULTS = 20


@view()
def show(request: HttpRequest, reader: Reader) -> HttpResponse:
    """The page itself."""
    return page(request, reader)


@view("GET", "POST")
def list_rules(request: HttpRequest, reader: Reader) -> HttpResponse:
    """The rules alone, those around a position (`at`) or those that hold a text (`find`)."""
    if request.method == "POST":
        return _rules(request, reader, find=_found(request))
    typed = AroundInput(request.GET)
    return _rules(request, reader, at=typed.cleaned_data["at"] if typed.is_valid() else 1)


@view("POST")
def list_names(request: HttpRequest, reader: Reader) -> HttpResponse:
    """What the rules that are listed set, with the CRM's names of its sources; nothing where it does not answer."""
    try:
        crm_directory.crm_sources(reader.portal)
    except errors.PortalError:
        return HttpResponse()
    typed, find = AroundInput(request.POST), _found(request)
    at = typed.cleaned_data["at"] if typed.is_valid() else 1
    listed = source_rows.holding(reader, find) if find else source_rows.around(reader, at)
    return render(request, reader, "traces/sources/_names.html", {"listed": listed})


@view("GET", "POST")
def new(request: HttpRequest, reader: Reader) -> HttpResponse:
    """The page with a rule to be filled in: like another one (`like`), or with what was posted (`field`, `value`)."""
    like = LikeInput(request.GET)
    row = _find(reader, like.cleaned_data["like"]) if like.is_valid() else None
    if row:
        return page(request, reader, begun=RuleInput.like_row(row))
    posted = RuleInput(request.POST)
    posted.full_clean()
    texts = {name: text for name, text in posted.cleaned_data.items() if text}
    begun = RuleInput(initial={"field": "utm_source", "operator": sources.EQUALS, **texts})
    return page(request, reader, begun=begun)


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
def switch(request: HttpRequest, reader: Reader, rule_id: int) -> HttpResponse:
    """Turn a rule on or off."""
    typed = SwitchInput(request.POST)
    try:
        row = rules.switch(reader.portal, rule_id, active=typed.is_valid() and typed.cleaned_data["active"])
    except rules.RuleRejected:
        return _gone(request, reader)
    notice = _("Rule turned on. It applies to new submissions.") if row.active else _("Rule turned off.")
    return _rules(request, reader, notice, at=row.position, focus="switch")


@view("POST")
def remove(request: HttpRequest, reader: Reader, rule_id: int) -> HttpResponse:
    """Remove a rule."""
    row = _find(reader, rule_id)
    try:
        rules.remove(reader.portal, rule_id)
    except rules.RuleRejected:
        return _gone(request, reader)
    undo = source_undo.token(reader.portal, [row]) if row else ""
    return _rules(request, reader, _("Rule removed."), at=row.position if row else 1, undo=undo)


@view("POST")
def undo_remove(request: HttpRequest, reader: Reader) -> HttpResponse:
    """Put a removed rule back to its place."""
    try:
        (row,) = source_undo.read(reader.portal, request.POST.get("undo", ""))[0]
        rules.put_back(reader.portal, row)
    except (source_undo.TooLate, ValueError):
        return _rules(request, reader, trouble=str(source_undo.TOO_LATE))
    except rules.RuleRejected as rejected:
        return _rules(request, reader, trouble=str(sentences.RULE_FAULTS[rejected.code]))
    return _rules(request, reader, _("The rule is back."), at=row.position)


@view()
def list_crm_sources(request: HttpRequest, reader: Reader) -> HttpResponse:
    """The CRM's sources to choose from, asked of the portal now; a field to type in where it does not answer."""
    rule = RuleInput(initial={"crm_source": request.GET.get("chosen", "")[: sources.MAX_LENGTH]})
    try:
        rule.offer_crm_sources(crm_directory.crm_sources(reader.portal))
    except errors.PortalError:
        rule.ask_for_code()
    return render(request, reader, "traces/sources/_crm.html", {"input": rule})


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
        if row.pk is None:
            rules.add(reader.portal, row, typed.cleaned_data["position"])
        else:
            rules.change(reader.portal, row)
    except rules.RuleRejected as rejected:
        typed.reject(rejected.code)
    return typed.is_valid()


def _found(request: HttpRequest) -> str:
    typed = FindInput(request.POST)
    return typed.cleaned_data["find"] if typed.is_valid() else ""


def _context(reader: Reader, editing: RuleInput | None, begun: RuleInput | None) -> dict[str, Any]:
    known_sources = known_values.names(reader.portal.pk) if editing or begun else ()
    return {"editing": editing, "begun": begun, "known_sources": known_sources}


def _rules(
    request: HttpRequest,
    reader: Reader,
    notice: str = "",
    *,
    editing: RuleInput | None = None,
    begun: RuleInput | None = None,
    at: int = 1,
    find: str = "",
    focus: str = "edit",
    undo: str = "",
    trouble: str = "",
    status: int = 200,
) -> HttpResponse:
    """The rules alone, with a `notice` of what was changed, or with the `trouble` that kept it from being so."""
    typed = editing or begun
    if status == 200 and (trouble or (typed and typed.errors)):
        status = 422
    context = {
        **_context(reader, editing, begun),
        "listed": source_rows.holding(reader, find) if find else source_rows.around(reader, at),
        "chosen": at,
        "find": find,
        "focus": focus,
        "undo": undo,
        "notice": notice,
        "trouble": trouble,
    }
    return render(request, reader, "traces/sources/_rules.html", context, status=status)


def page(
    request: HttpRequest,
    reader: Reader,
    notice: str = "",
    *,
    begun: RuleInput | None = None,
    file: RulesFileInput | None = None,
    question: tuple[int, int] | None = None,
    undo: str = "",
    trouble: str = "",
) -> HttpResponse:
    """The whole page, with what was done with a file of rules, or is asked of it: how many rules go and come."""
    faults = list(file.errors.get("text", []))[:MAX_FAULTS] if file else []
    context = {
        **_context(reader, None, begun),
        "listed": source_rows.around(reader, 1),
        "page_notice": notice,
        "page_undo": undo,
        "page_trouble": trouble,
        "faults": faults,
        "file": file or RulesFileInput(),
        "question": question,
        "trial": TrialInput(reader.portal),
        **known.card_context(reader),
    }
    status = 422 if faults or trouble else 200
    return render(request, reader, "traces/sources/page.html", context, page="sources", status=status)
