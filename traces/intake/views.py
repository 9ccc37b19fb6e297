"""The public address of a form: POST sends a submission, GET (with the form's secret) returns its status."""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from urllib.parse import parse_qs
from uuid import UUID

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import translation
from django.utils.cache import patch_vary_headers
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_safe

from b24app.frame import iframe
from b24app.host.masks import masked
from b24app.pace import addresses
from traces import sentences
from traces.delivery import wake
from traces.intake import accept, access, captcha, kept_fields, known_forms, senders, spam
from traces.intake.answers import answer_problems
from traces.intake.problems import Problem
from traces.intake.reading import MAX_REQUEST_BYTES, Reading, read
from traces.intake.reading.limits import MAX_FIELDS
from traces.intake.senders import Posted
from traces.intake.stream import read_body
from traces.models import Form, ShownState, Submission

# The last ones of a long history are told.
MAX_ATTEMPTS = 50


@csrf_exempt
@answer_problems
@require_http_methods(["POST", "PUT", "OPTIONS", "GET", "HEAD"])
def receive(request: HttpRequest, key: str) -> HttpResponse:
    """Take one submission of the form with this public key; a GET says that the address is right."""
    form = known_forms.find(key)
    origin = request.headers.get("Origin", "")
    may_send = access.may_send_from(form, origin)
    if request.method == "OPTIONS":
        response = HttpResponse(status=204)
    elif request.method in ("GET", "HEAD") or may_send:
        response = _serve(request, form)
    else:
        raise Problem(403, "origin_not_allowed", "This web page may not send to this form.", f"Origin: {origin[:200]}")
    return _allow(response, origin, request) if may_send else response


@answer_problems
def _serve(request: HttpRequest, form: Form) -> HttpResponse:
    """A problem is an answer here too, so that the page's script may read it."""
    accept.check_open(form)
    if request.method in ("GET", "HEAD"):
        text = senders.challenge(_query(request)) or "Trace Relay accepts submissions at this address by POST.\n"
        return HttpResponse(text, content_type="text/plain")
    return _take(request, form)


def _take(request: HttpRequest, form: Form) -> HttpResponse:
    trusted = access.shows_secret(form, request.headers.get("Authorization", ""))
    declared = request.META.get("declared.content_type") or request.headers.get("Content-Type", "")
    reading = read(read_body(request.META, MAX_REQUEST_BYTES), declared)
    kept_fields.keep(request, reading)
    accept.check_room(form)
    token, key = captcha.take_token(form, reading.fields), request.headers.get("Idempotency-Key", "")
    is_spam = spam.is_too_fast(form, spam.take_seconds(reading.fields)) or spam.is_caught(form, reading.fields)
    verdict = None if is_spam else captcha.verdict(form, token, key=key, trusted=trusted)
    posted = senders.normalise(reading.fields, query=_query(request), headers=request.headers, files=reading.files)
    notes = [captcha.NOTE] if verdict is captcha.Verdict.UNKNOWN else []
    posted = _with_repairs(posted, reading, *notes)
    is_known = trusted or addresses.is_this_machine(request)
    admission = spam.Admission(form, "" if is_known else addresses.hidden_address(request))
    accepted = accept.accept(
        form,
        posted,
        fields=reading.fields,
        key=key,
        trusted=trusted,
        is_spam=is_spam or verdict is captcha.Verdict.NOBODY,
        admission=admission,
    )
    # Whoever was made the first sends the wake-up, whatever became of its own submission: others rely on it.
    if admission.is_first or (accepted.created and accepted.submission.due_at):
        wake.wake(form.portal_id, admission.is_first)
    if reading.is_browser_form and "text/html" in request.headers.get("Accept", ""):
        # A browser has navigated here, so the visitor must see a page next.
        return HttpResponseRedirect(form.thank_you_url or reverse("thanks", args=[form.key]), status=303)
    return _answer(accepted, posted)


def _query(request: HttpRequest) -> dict[str, list[str]]:
    """The query of the address, of any length: Django would refuse one of more than 200 parameters."""
    text = str(request.META.get("QUERY_STRING", "")).encode("latin-1", "replace").decode("utf-8", "replace")
    return parse_qs("&".join(text.split("&")[:MAX_FIELDS]), keep_blank_values=True, errors="replace")


def _with_repairs(posted: Posted, reading: Reading, *notes: str) -> Posted:
    """The submission with what was repaired while its bytes were read, and further notes."""
    return replace(posted, repairs=tuple(dict.fromkeys([*reading.repairs, *posted.repairs, *notes])))


def _answer(accepted: accept.Accepted, posted: Posted) -> HttpResponse:
    """What the sender wants to read, else the submission's id and state."""
    if posted.answer:
        return HttpResponse(posted.answer, content_type="text/plain; charset=utf-8")
    submission = accepted.submission
    is_spam = submission.state == Submission.State.SPAM  # its sender does not learn that it was found out
    state = submission.waiting_state if is_spam else submission.shown_state
    return JsonResponse({"id": str(submission.pk), "status": state})


@csrf_exempt
@answer_problems
@require_safe
def thanks(request: HttpRequest, key: str) -> HttpResponse:
    """Where a plain form without a thank-you page of its own ends: in the language of the visitor's browser."""
    code = translation.get_language_from_request(request)
    with iframe.speaking(code):
        response = render(request, "traces/thanks.html", {"lang": code})
    iframe.guard(response, None)
    patch_vary_headers(response, ["Accept-Language"])
    return response


@csrf_exempt
@answer_problems
@require_safe
def status(request: HttpRequest, key: str, submission_id: UUID) -> HttpResponse:
    """How one submission goes, for whoever holds the form's secret."""
    form = known_forms.find(key)
    if not access.shows_secret(form, request.headers.get("Authorization", "")):
        raise Problem(401, "secret_required", "Show the form's secret.", "Send Authorization: Bearer <secret>.")
    submission = Submission.objects.filter(form=form, pk=submission_id).select_related("portal").first()
    if submission is None:
        raise Problem(404, "unknown_submission", "This form has no such submission.")
    response = JsonResponse(report(submission))
    response["Cache-Control"] = "no-store"
    return response


def report(submission: Submission) -> dict[str, Any]:
    """What a form's owner may know of a submission, in English: its state and its way, none of the visitor's data.

    The portal's words may quote a visitor: contacts are masked in them.
    """
    with translation.override("en"):
        return _reported(submission)


def _reported(submission: Submission) -> dict[str, Any]:
    return {
        "id": str(submission.pk),
        "status": submission.shown_state,
        "received_at": submission.received_at.isoformat(),
        "delivered_at": submission.delivered_at.isoformat() if submission.delivered_at else None,
        "trace_id": submission.trace_id,
        "entities": submission.entities,
        "repairs": submission.repairs,
        "attempts": [
            {
                "at": attempt.at.isoformat(),
                "method": attempt.method,
                "outcome": attempt.outcome,
                "code": attempt.code,
                "reason": masked(
                    sentences.reason(attempt.code, attempt.params, by_webhook=submission.portal.by_webhook)
                ),
            }
            for attempt in reversed(submission.attempts.order_by("-id")[:MAX_ATTEMPTS])
        ],
        "reason": masked(_reason(submission)),
        **({"consent": submission.consent} if submission.consent else {}),
        **({"emptied_at": submission.emptied_at.isoformat()} if submission.emptied_at else {}),
    }


def _reason(submission: Submission) -> str:
    """Why it is where it is; of a held one, why its portal is held now, with what to do."""
    portal, params = submission.portal, submission.params
    if submission.shown_state == ShownState.HELD:
        met = params if submission.code == portal.hold_code else {}
        if told := sentences.hold(portal.hold_code, met, by_webhook=portal.by_webhook):
            return told
    return sentences.reason(submission.code, params, by_webhook=portal.by_webhook)


def _allow(response: HttpResponse, origin: str, request: HttpRequest) -> HttpResponse:
    """Let the page's script send with its cookies and headers, as AMP and axios do, and read the answer."""
    wanted = request.headers.get("Access-Control-Request-Headers", "")
    if origin:
        response["Access-Control-Allow-Origin"] = origin
        response["Access-Control-Allow-Credentials"] = "true"
        response["Access-Control-Allow-Headers"] = _allowed_headers(wanted)
        response["Access-Control-Allow-Methods"] = "POST, PUT"
        response["Access-Control-Expose-Headers"] = "Retry-After"
        response["Access-Control-Max-Age"] = "600"
        response["Vary"] = "Origin"
    return response


def _allowed_headers(wanted: str) -> str:
    """The headers that we read and those that a script asks for, but never leave to show the form's secret."""
    names = [name.strip().lower() for name in wanted[:500].split(",")]
    harmless = [
        name for name in names if name.replace("-", "").isalnum() and name.isascii() and name != "authorization"
    ]
    return ", ".join(dict.fromkeys(["content-type", "idempotency-key", *harmless]))
