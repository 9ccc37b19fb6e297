"""What is done with several submissions of the list at once: sent again, after a question that counts, or deleted."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.debug import sensitive_post_parameters

from traces.history import erasure, listing, removal, resending
from traces.models import Submission
from traces.pages import submission_filters, submissions
from traces.pages.frame import Reader, render, view
from traces.pages.numbers import grouped
from traces.pages.submission_inputs import ChosenInput, FilterInput, ProgressInput, SavedInput, UndoInput


@sensitive_post_parameters("text")
@view("POST")
def ask(request: HttpRequest, reader: Reader) -> HttpResponse:
    """The question before those that were chosen are sent again, or all that the filter matches where none were."""
    asked = FilterInput(reader.portal, request.POST)
    if not asked.is_valid():
        return submissions.page(request, reader)
    ids = ChosenInput(request.POST).ids_chosen()
    is_all = "all" in request.POST
    rows = listing.matching(reader.portal, asked.filter())
    if not is_all:
        rows = Submission.objects.filter(portal=reader.portal, pk__in=ids)
    number, spam = resending.question(rows, timezone.now())
    context = {
        "question": question_text(number, spam) if ids or is_all else _("Select at least one submission first."),
        "number": number,
        "ids": ids,
        "is_all": is_all,
        "applied": asked.hidden_fields_of_others(),
    }
    return render(request, reader, "traces/submissions/_question.html", context)


def question_text(number: int, spam: int) -> str:
    """Whether so many shall be sent again, while so many are spam and stay."""
    text = _("There is nothing to send again.")
    if number:
        text = ngettext("Send %(count)s submission again?", "Send %(count)s submissions again?", number)
    stays = ngettext("%(count)s is spam and stays.", "%(count)s are spam and stay.", spam)
    texts = [text % {"count": grouped(number)}, stays % {"count": grouped(spam)} if spam else ""]
    return " ".join(filter(None, texts))


@sensitive_post_parameters("text")
@view("POST")
def resend(request: HttpRequest, reader: Reader) -> HttpResponse:
    """Send those again that were chosen in the list: one by its button, or several by their boxes."""
    chosen = ChosenInput(request.POST)
    ids = chosen.ids_chosen()
    if not ids:
        return submissions.page(request, reader, trouble=_("Select at least one submission first."))
    # Spam goes by the button of its row alone.
    sent = int(resending.one(reader.portal, ids[0])) if chosen.is_one else resending.chosen(reader.portal, ids)
    return submissions.page(request, reader, notice=count_text(sent, len(ids) - sent))


def count_text(sent: int, left: int) -> str:
    """How many are sent again, and how many are not."""
    text = ngettext("Sending %(count)s submission again.", "Sending %(count)s submissions again.", sent)
    if not left:
        return text % {"count": grouped(sent)}
    left_text = ngettext(
        "%(count)s left unchanged: it is delivered, being sent or spam, or its data has been deleted.",
        "%(count)s left unchanged: they are delivered, being sent or spam, or their data has been deleted.",
        left,
    )
    return f"{text % {'count': grouped(sent)}} {left_text % {'count': grouped(left)}}"


@sensitive_post_parameters("text")
@view("POST")
def resend_all(request: HttpRequest, reader: Reader) -> HttpResponse:
    """One step of sending all again that the filter matches; the answer asks for the next one by itself."""
    asked = FilterInput(reader.portal, request.POST)
    if not asked.is_valid():
        return submissions.page(request, reader)
    wanted = asked.filter()
    so_far = ProgressInput(request.POST).progress() or resending.begin(reader.portal, wanted)
    progress = resending.go_on(reader.portal, wanted, so_far)
    notice = count_text(progress.sent, progress.left) if progress.done else ""
    numbers = {"total": progress.total, "sent": progress.sent, "looked_at": progress.looked_at}
    context = {"progress": progress, "applied": asked.hidden_fields_of_others(), "notice": notice}
    context |= {name: grouped(number) for name, number in numbers.items()}
    return render(request, reader, "traces/submissions/_again.html", context)


@sensitive_post_parameters("text")
@view("POST", asks_again=True)
def delete(request: HttpRequest, reader: Reader) -> HttpResponse:
    """Delete those that were chosen in the list, unless they are being sent."""
    ids = ChosenInput(request.POST).ids_chosen()
    if not ids:
        return submissions.page(request, reader, trouble=_("Select at least one submission first."))
    number, undo = removal.remove(reader.portal, Submission.objects.filter(erasure.SETTLED, pk__in=ids))
    return submissions.page(request, reader, notice=deleted_text(number), undo=undo)


@sensitive_post_parameters("text")
@view("POST")
def save_filter(request: HttpRequest, reader: Reader) -> HttpResponse:
    """Save what the list is asked for, by a name."""
    asked, named = FilterInput(reader.portal, request.POST), SavedInput(request.POST)
    if not (asked.is_valid() and named.is_valid()):
        return submissions.page(request, reader, trouble=_("Enter a name for the filter, at most 40 characters."))
    name = named.cleaned_data["name"]
    if not submission_filters.save(reader.portal, name, asked.hidden_fields_of_others()):
        limit = submission_filters.MAX_SAVED
        trouble = _("Not saved: choose a filter first. At most %(limit)s filters can be saved.") % {"limit": limit}
        return submissions.page(request, reader, trouble=trouble)
    return submissions.page(request, reader, notice=_("Filter saved."))


@view("POST")
def forget_filter(request: HttpRequest, reader: Reader) -> HttpResponse:
    """Delete a saved filter."""
    named = SavedInput(request.POST)
    if named.is_valid():
        submission_filters.forget(reader.portal, named.cleaned_data["name"])
    return submissions.page(request, reader, notice=_("Filter deleted."))


@sensitive_post_parameters("text")
@view("POST")
def undo(request: HttpRequest, reader: Reader) -> HttpResponse:
    """Put back what was deleted less than a minute ago."""
    asked = UndoInput(request.POST)
    number = removal.restore(reader.portal, asked.cleaned_data["undo"]) if asked.is_valid() else 0
    if not number:
        trouble = _("It can't be restored: more than a minute has passed, or its form is deleted.")
        return submissions.page(request, reader, trouble=trouble)
    text = ngettext("%(count)s submission restored.", "%(count)s submissions restored.", number)
    return submissions.page(request, reader, notice=text % {"count": grouped(number)})


@sensitive_post_parameters("text")
@view("POST", asks_again=True)
def delete_spam(request: HttpRequest, reader: Reader) -> HttpResponse:
    """Delete the spam that the filter matches, a few thousand at a time."""
    asked = FilterInput(reader.portal, request.POST)
    if not asked.is_valid():
        return submissions.page(request, reader)
    rows = listing.matching(reader.portal, asked.filter()).filter(state=Submission.State.SPAM)
    return submissions.page(request, reader, notice=deleted_text(erasure.delete_chunks(rows)))


def deleted_text(number: int) -> str:
    """How many were deleted."""
    text = ngettext("%(count)s submission deleted.", "%(count)s submissions deleted.", number)
    return text % {"count": grouped(number)}
