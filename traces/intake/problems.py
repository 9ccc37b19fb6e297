"""Requests that are refused, and how that is answered: problem+json (RFC 9457)."""

from __future__ import annotations

import functools
import logging
from collections.abc import Callable
from typing import Any

from django.db import Error as DatabaseError
from django.http import HttpRequest, HttpResponse, JsonResponse

logger = logging.getLogger(__name__)

RETRY_AFTER_SECONDS = 5


class Problem(Exception):
    """A request that is refused, as `application/problem+json` says it (RFC 9457)."""

    def __init__(self, status: int, code: str, title: str, detail: str = "", *, retry_after: int = 0) -> None:
        super().__init__(title)
        self.status = status
        self.code = code
        self.title = title
        self.detail = detail
        self.retry_after = retry_after  # seconds; 0 where there is no use in trying again


def answer_problems(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Answer a `Problem` as problem+json, and a database that cannot store with 503 and Retry-After."""

    @functools.wraps(view)
    def answer(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        try:
            return view(request, *args, **kwargs)
        except Problem as problem:
            return _response(problem)
        except DatabaseError as error:
            logger.error("the database cannot store submissions: %s", type(error).__name__)
            title = "The submission cannot be stored now."
            return _response(Problem(503, "unavailable", title, "Send it again.", retry_after=RETRY_AFTER_SECONDS))

    return answer


def _response(problem: Problem) -> HttpResponse:
    body = {"type": "about:blank", "title": problem.title, "status": problem.status, "code": problem.code}
    if problem.detail:
        body["detail"] = problem.detail
    response = JsonResponse(body, status=problem.status, content_type="application/problem+json")
    if problem.retry_after:
        response["Retry-After"] = str(problem.retry_after)
    return response
