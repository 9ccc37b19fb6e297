"""The WSGI entry point that `manage.py serve` and other servers load."""

import os
from collections.abc import Callable, Iterable
from typing import Any

from django.conf import settings
from django.core.handlers.exception import convert_exception_to_response
from django.core.handlers.wsgi import WSGIHandler
from django.core.wsgi import get_wsgi_application
from django.utils.module_loading import import_string

from b24app.host import logs

# Websites send to these addresses; nothing there has to do with a session, a login or a page.
_OF_WEBSITES = "/in/"


class _ForWebsites(WSGIHandler):
    """Django with the middleware that an answer to a website needs, and no more."""

    def load_middleware(self, is_async: bool = False) -> None:
        """Load `settings.WEBSITE_MIDDLEWARE` in the place of `MIDDLEWARE`; none of it looks at views or templates."""
        self._view_middleware: list[Any] = []
        self._template_response_middleware: list[Any] = []
        self._exception_middleware: list[Any] = []
        handler = convert_exception_to_response(self._get_response)  # type: ignore[attr-defined]  # its stub lacks it
        for name in reversed(settings.WEBSITE_MIDDLEWARE):
            handler = convert_exception_to_response(import_string(name)(handler))
        self._middleware_chain = handler


os.environ.setdefault("DJANGO_SETTINGS_MODULE", "b24app.settings")
_django = get_wsgi_application()
_for_websites = _ForWebsites()


def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    """Django, without the charset that a body declares: `declared.content_type` has it. The answer has X-Request-Id.

    Django reads the query in that charset before any view is asked, and one that it cannot read so is an error 500.
    """
    declared = environ.get("CONTENT_TYPE", "")
    if "charset" in declared.lower():
        environ["declared.content_type"] = declared
        parts = declared.split(";")
        environ["CONTENT_TYPE"] = ";".join(part for part in parts if not part.strip().lower().startswith("charset"))
    request_id = logs.begin_request(environ.get("HTTP_X_REQUEST_ID", ""))

    def start(status: str, headers: list[tuple[str, str]], *more: Any) -> Any:
        return start_response(status, [*headers, ("X-Request-Id", request_id)], *more)

    answer = _for_websites if environ.get("PATH_INFO", "").startswith(_OF_WEBSITES) else _django
    return answer(environ, start)
