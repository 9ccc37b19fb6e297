"""The WSGI entry point that `manage.py serve` and other servers load."""

import os
from collections.abc import Callable, Iterable
from typing import Any

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "b24app.settings")
_django = get_wsgi_application()


def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    """Django, without the charset that a body declares: `declared.content_type` has it.

    Django reads the query in that charset before any view is asked, and one that it cannot read so is an error 500.
    """
    declared = environ.get("CONTENT_TYPE", "")
    if "charset" in declared.lower():
        environ["declared.content_type"] = declared
        parts = declared.split(";")
        environ["CONTENT_TYPE"] = ";".join(part for part in parts if not part.strip().lower().startswith("charset"))
    return _django(environ, start_response)
