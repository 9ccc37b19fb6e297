"""The file of rules of the page "sources": saved, and put in the place of all rules."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse, QueryDict
from django.utils.translation import gettext as _

from traces.compose import sources
from traces.models import SourceRule
from traces.pages import source_undo
from traces.pages.frame import Reader, view
from traces.pages.source_inputs import RulesFileInput
from traces.pages.sources import page
from traces.setup import rules, rules_csv

# A file's letters take up to nine bytes as they are posted.
MAX_FILE_BYTES = 9 * rules_csv.MAX_SIZE


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

    The page's script has read the file into the text: the service takes no uploads. Where rules would go it asks first.
    """
    posted = _posted(request)
    # A file that is too large is not shown again: half of it would be taken for the whole.
    is_too_large = posted is None or len(posted.get("text", "")) > rules_csv.MAX_SIZE
    typed = RulesFileInput(QueryDict() if is_too_large else posted, is_too_large=is_too_large)
    if not typed.is_valid():
        return page(request, reader, file=typed)
    former = list(reader.portal.source_rules.all())
    new = [_row_of_rule(rule) for rule in typed.cleaned_data["text"]]
    if former and not (posted or QueryDict()).get("sure"):
        return page(request, reader, file=typed, question=(len(former), len(new)))
    left = rules.replace(reader.portal, new)
    token = source_undo.token(reader.portal, former, left) if former else ""
    return page(request, reader, _("Rules imported. They apply to new submissions."), undo=token)


@view("POST")
def undo_import(request: HttpRequest, reader: Reader) -> HttpResponse:
    """Put the former rules back, unless the present ones are not those of the import any more."""
    try:
        former, left = source_undo.read(reader.portal, (_posted(request) or QueryDict()).get("undo", ""))
    except source_undo.TooLate:
        return page(request, reader, trouble=str(source_undo.TOO_LATE))
    if list(reader.portal.source_rules.values_list("pk", flat=True)) != left:
        return page(request, reader, trouble=_("The rules have changed since the import. Nothing was undone."))
    rules.replace(reader.portal, former)
    return page(request, reader, _("The former rules are back."))


def _posted(request: HttpRequest) -> QueryDict | None:
    """What was posted, None where it is too long: more than Django's own limit, made for public addresses."""
    body = request.read(MAX_FILE_BYTES + 1)
    return QueryDict(body) if len(body) <= MAX_FILE_BYTES else None


def _row_of_rule(rule: sources.Rule) -> SourceRule:
    names = ("field", "operator", "value", "utm_source", "crm_source", "crm_description", "also_known", "active")
    return SourceRule(**{name: getattr(rule, name) for name in names})
