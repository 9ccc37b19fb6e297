"""The public address of a form: POST takes a submission, GET (with the form's secret) tells how it goes."""

from __future__ import annotations

import json
from typing import Any
from uuid import UUID

from django.core.exceptions import (
    BadRequest,
    RequestDataTooBig,
    SuspiciousOperation,
    TooManyFieldsSent,
    TooManyFilesSent,
)
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.http.multipartparser import MultiPartParserError
from django.shortcuts import render
from django.urls import reverse
from django.utils import translation
from django.utils.cache import patch_vary_headers
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_GET, require_http_methods

from b24app.frame import iframe
from traces.delivery import wake
from traces.intake import accept, spam
from traces.intake.problems import Problem, answer_problems
from traces.models import Form, Submission

_FORMS = {"application/x-www-form-urlencoded", "multipart/form-data"}


@csrf_exempt
@answer_problems
@require_http_methods(["POST", "OPTIONS"])
def receive(request: HttpRequest, key: str) -> HttpResponse:
    """Take one submission of the form with this public key."""
    form = _form(key)
    origin = request.headers.get("Origin", "")
    if not accept.may_send_from(form, origin):
        raise Problem(403, "origin_not_allowed", "This web page may not send to this form.", f"Origin: {origin[:200]}")
    if request.method == "OPTIONS":
        return _allow(HttpResponse(status=204), origin)
    return _allow(_take(request, form), origin)


@answer_problems
def _take(request: HttpRequest, form: Form) -> HttpResponse:
    """A problem is an answer here too, so that the page's script may read it."""
    trusted = accept.shows_secret(form, request.headers.get("Authorization", ""))
    if seconds := spam.wait(form):
        title = "This form takes no more submissions in this minute."
        raise Problem(429, "too_many", title, "Send it again in a minute.", retry_after=seconds)
    fields, raw = _read(request)
    idempotency_key = request.headers.get("Idempotency-Key", "")
    accepted = accept.accept(form, fields, raw, key=idempotency_key, trusted=trusted)
    if accepted.created and accepted.submission.due_at:
        wake.wake(form.portal_id)
    if _is_plain_form(request):
        return HttpResponseRedirect(form.thank_you_url or reverse("thanks", args=[form.key]), status=303)
    return _told(accepted)


@require_GET
def thanks(request: HttpRequest, key: str) -> HttpResponse:
    """Where a plain form without a thank-you page of its own ends: in the language of the visitor's browser."""
    code = translation.get_language_from_request(request)
    with iframe.speaking(code):
        response = render(request, "traces/thanks.html", {"lang": code})
    iframe.guard(response, None)
    patch_vary_headers(response, ["Accept-Language"])
    return response


@answer_problems
@require_GET
def status(request: HttpRequest, key: str, submission_id: UUID) -> HttpResponse:
    """How one submission goes, for whoever holds the form's secret."""
    form = _form(key)
    if not accept.shows_secret(form, request.headers.get("Authorization", "")):
        raise Problem(401, "secret_required", "Show the form's secret.", "Send Authorization: Bearer <secret>.")
    submission = Submission.objects.filter(form=form, pk=submission_id).select_related("portal").first()
    if submission is None:
        raise Problem(404, "unknown_submission", "This form has no such submission.")
    response = JsonResponse(report(submission))
    response["Cache-Control"] = "no-store"
    return response


def report(submission: Submission) -> dict[str, Any]:
    """What a form's owner may know of a submission, in English: its state and its way, none of the visitor's data."""
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
                "reason": attempt.reason,
            }
            for attempt in submission.attempts.all()
        ],
        "reason": submission.reason,
    }


def _form(key: str) -> Form:
    forms = Form.objects.filter(key=key, active=True).select_related("portal")
    # What is encrypted is not needed here, and costs as much to read as all the rest.
    forms = forms.defer("portal__webhook_url", "portal__application_token")
    form = forms.first() if key.isprintable() else None  # PostgreSQL takes no NUL, not even to look for it
    if form is None:
        raise Problem(404, "unknown_form", "There is no such form.", "Check the address, or make a new form.")
    return form


def _read(request: HttpRequest) -> tuple[dict[str, Any], bytes]:
    """The fields of the body, and bytes that are the same for the same fields sent again."""
    kind = request.content_type or ""
    try:
        raw = request.body
        if kind in _FORMS:
            fields = {name: value for name, value in request.POST.items() if isinstance(value, str)}
            # Each multipart body has a boundary of its own, so that equal ones differ in their bytes.
            return fields, json.dumps(fields).encode()
    except RequestDataTooBig:
        limit = accept.MAX_BODY_BYTES // 1024
        raise Problem(413, "too_large", f"A submission has at most {limit} KiB.") from None
    except TooManyFieldsSent:
        raise Problem(422, "too_complex", "The form has too many fields.") from None
    except TooManyFilesSent:
        raise Problem(415, "files_not_taken", "Files are not taken.", "Send the form without its files.") from None
    except (BadRequest, MultiPartParserError, SuspiciousOperation, UnicodeError):
        raise Problem(400, "unreadable_body", "The form data cannot be read.") from None
    if kind == "application/json" or kind.endswith("+json"):
        return accept.read_json(raw), raw
    raise Problem(
        415,
        "unknown_content_type",
        "This kind of body is not taken.",
        "Send application/json, application/x-www-form-urlencoded or multipart/form-data.",
    )


def _is_plain_form(request: HttpRequest) -> bool:
    """Whether a browser has navigated here, so that the visitor must see a page next."""
    return request.content_type in _FORMS and "text/html" in request.headers.get("Accept", "")


def _told(accepted: accept.Accepted) -> JsonResponse:
    submission = accepted.submission
    is_spam = submission.code == spam.CODE  # its sender does not learn that it was found out
    state = submission.waiting_state if is_spam else submission.shown_state
    body = {"id": str(submission.pk), "status": state}
    return JsonResponse(body, status=202 if accepted.created else 200)


def _allow(response: HttpResponse, origin: str) -> HttpResponse:
    if origin:
        response["Access-Control-Allow-Origin"] = origin
        response["Access-Control-Allow-Headers"] = "Content-Type, Idempotency-Key"
        response["Access-Control-Allow-Methods"] = "POST"
        response["Access-Control-Expose-Headers"] = "Retry-After"
        response["Access-Control-Max-Age"] = "600"
        response["Vary"] = "Origin"
    return response
