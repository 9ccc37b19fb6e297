"""The box of the page "sources" that tries the rules on something pasted."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.debug import sensitive_post_parameters

from b24app.portal import crm_directory
from traces import sentences
from traces.history import explanation
from traces.models import Form, Submission
from traces.pages import submission
from traces.pages.frame import Reader, render, view
from traces.pages.source_inputs import TrialInput


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
