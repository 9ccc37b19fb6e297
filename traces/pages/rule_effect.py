"""A rule of the page "sources" while it is typed: the rule in words, and what it would have changed."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse

from b24app.portal import crm_directory
from traces import sentences
from traces.compose import sources
from traces.history import rule_effect
from traces.models import SourceRule
from traces.pages.frame import Reader, render, view
from traces.pages.source_inputs import RuleInput
from traces.setup import known_values


@view("POST")
def show(request: HttpRequest, reader: Reader, rule_id: int = 0) -> HttpResponse:
    """What the rule as it is typed would have changed; what it still lacks where it cannot be stored yet.

    The page asks by itself while somebody types: then what is lacking is not said yet (`quiet`).
    """
    row, texts = _typed(request, rule_id)
    found = reader.portal.source_rules.filter(pk=rule_id).values_list("position", flat=True).first()
    row.position = found or 0
    context = {
        "texts": [] if request.POST.get("quiet") else texts,
        "effect": None if texts else rule_effect.effect(reader.portal, row),
    }
    return render(request, reader, "traces/sources/_effect.html", context)


@view("POST")
def show_words(request: HttpRequest, reader: Reader) -> HttpResponse:
    """The rule as it is typed, in one sentence; nothing as long as it cannot be stored."""
    row, texts = _typed(request, 0)
    names = crm_directory.known_crm_sources(reader.portal)
    words = "" if texts else sentences.described(row.rule(), names.get(row.crm_source, ""))
    unknown, meant = known_values.doubt(row.utm_source, known_values.names(reader.portal.pk))
    context = {"words": words, "unknown": unknown, "meant": meant}
    return render(request, reader, "traces/sources/_words.html", context)


def _typed(request: HttpRequest, rule_id: int) -> tuple[SourceRule, list[object]]:
    """The rule that was typed, and why it cannot be stored."""
    typed = RuleInput(request.POST)
    texts: list[object] = [text for errors in typed.errors.values() for text in errors]
    row = SourceRule(pk=rule_id)
    typed.fill(row)
    if not texts and (fault := sources.fault(row.rule())):
        texts = [sentences.RULE_FAULTS[fault]]
    return row, texts
