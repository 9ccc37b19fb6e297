"""The WSGI entry point that `manage.py serve` and other servers load."""

import os
from collections.abc import Callable, Iterable
from typing import Any

from django.core.wsgi import get_wsgi_application

from b24app.host import logs

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "b24app.settings")
_django = get_wsgi_application()


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

    return _django(environ, start)
