"""Requests that are refused. Pure."""

from __future__ import annotations


class Problem(Exception):
    """A request that is refused, as `application/problem+json` says it (RFC 9457)."""

    def __init__(self, status: int, code: str, title: str, detail: str = "", *, retry_after: int = 0) -> None:
        super().__init__(title)
        self.status = status
        self.code = code
        self.title = title
        self.detail = detail
        self.retry_after = retry_after  # seconds; 0 where there is no use in trying again
