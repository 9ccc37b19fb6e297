"""Answers to refused requests: problem+json (RFC 9457), or a page if a browser sent a plain form."""

from __future__ import annotations

import functools
import logging
from collections.abc import Callable
from typing import Any

from django.db import DataError
from django.db import Error as DatabaseError
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, JsonResponse
from django.shortcuts import render
from django.utils import translation
from django.utils.cache import patch_vary_headers

from b24app.frame import iframe
from traces.intake import kept_fields
from traces.intake.problems import Problem

logger = logging.getLogger(__name__)

RETRY_AFTER_SECONDS = 5


def answer_problems(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Answer a `Problem` as problem+json, or with a page if a browser sent a plain form.

    A database that cannot store is answered with 503 and Retry-After.
    """

    @functools.wraps(view)
    def answer(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        try:
            response = view(request, *args, **kwargs)
            return _not_allowed(response) if isinstance(response, HttpResponseNotAllowed) else response
        except Problem as problem:
            return _response(request, problem)
        except DataError as error:
            # Its content is what the database refuses: sent again it would be refused again.
            logger.error("the database refuses a submission's content: %s", type(error).__name__)
            return _response(request, Problem(422, "unstorable", "The submission holds what cannot be stored."))
        except DatabaseError as error:
            logger.error("the database cannot store submissions: %s", type(error).__name__)
            title = "The submission cannot be stored now."
            unavailable = Problem(503, "unavailable", title, "Send it again.", retry_after=RETRY_AFTER_SECONDS)
            return _response(request, unavailable)

    return answer


def _not_allowed(refused: HttpResponseNotAllowed) -> HttpResponse:
    """Django's refusal of a method, as a problem."""
    allowed = refused["Allow"]
    response = _json(
        Problem(405, "method_not_allowed", "This address does not take this method.", f"It takes {allowed}.")
    )
    response["Allow"] = allowed
    return response


def _response(request: HttpRequest, problem: Problem) -> HttpResponse:
    if request.method == "POST" and "text/html" in request.headers.get("Accept", ""):
        response = _page(request, problem)
    else:
        response = _json(problem)
    if problem.retry_after:
        response["Retry-After"] = str(problem.retry_after)
    return response


def _page(request: HttpRequest, problem: Problem) -> HttpResponse:
    """What a visitor reads in the browser's language: what happened, and what to do next."""
    code = translation.get_language_from_request(request)
    with iframe.speaking(code):
        facts = {"passes": bool(problem.retry_after), "is_too_large": problem.status == 413}
        # Sent again at once it would only be refused again.
        kept = kept_fields.of_request(request) if problem.retry_after else None
        address = request.get_full_path()
        again = {"kept": kept, "address": address, "seconds": problem.retry_after}
        context = {"lang": code, **facts, "is_closed": problem.status == 410, **again}
        response = render(request, "traces/refused.html", context, status=problem.status)
    iframe.guard(response, None)
    if kept:  # what is sent again ends on the site's own thank-you page, wherever that is
        policy = response["Content-Security-Policy"]
        response["Content-Security-Policy"] = policy.replace("form-action 'self'", "form-action https: http:")
    patch_vary_headers(response, ["Accept-Language"])
    return response


def _json(problem: Problem) -> HttpResponse:
    body = {"type": "about:blank", "title": problem.title, "status": problem.status, "code": problem.code}
    if problem.detail:
        body["detail"] = problem.detail
    return JsonResponse(body, status=problem.status, content_type="application/problem+json")
