"""What every answer says to the browser, whoever made it: pages, the operator's too, files, and errors.

A page of the portal's frame says more exactly who may frame it (`b24app.frame.iframe`).
"""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest
from django.http.response import HttpResponseBase

# Neither script nor style of anybody else's, nor any that stands in the page.
ONLY_OURS = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; base-uri 'none'"
DEFAULTS = {
    "Content-Security-Policy": f"{ONLY_OURS}; connect-src 'self'; form-action 'self'; frame-ancestors 'none'",
    "Permissions-Policy": "camera=(), display-capture=(), geolocation=(), microphone=(), payment=(), usb=()",
    "Server": "trace-relay",  # or the web server says which one it is
}

Answer = Callable[[HttpRequest], HttpResponseBase]


def middleware(get_response: Answer) -> Answer:
    """Add the headers that an answer lacks."""

    def answer(request: HttpRequest) -> HttpResponseBase:
        response = get_response(request)
        for name, value in DEFAULTS.items():
            response.setdefault(name, value)
        if "frame-ancestors 'none'" in response["Content-Security-Policy"]:
            response.setdefault("X-Frame-Options", "DENY")  # files and redirects too, which Django's own does not see
        return response

    return answer
