"""What the pages inside a portal have in common: who may see them, how they are rendered, what is told where not.

Only the first page is a whole document: it comes with the portal's own POST (`traces.pages.opening`). From then on htmx
asks for the content of the frame (`#app`), sends the session's token in a header, and takes the renewed one from the
answer (`static/traces/app.js`).
"""

from __future__ import annotations

import functools
import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Concatenate, ParamSpec

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render as django_render
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from b24app.api import errors
from b24app.frame import iframe, rights, session
from b24app.frame.session import Session
from b24app.models import Portal
from b24app.views import open_application
from traces.models import Preferences

logger = logging.getLogger(__name__)

P = ParamSpec("P")
# The pages in the order of the menu: the name of the address, what it is called, whether others than administrators
# may see it where one has allowed that.
MENU: tuple[tuple[str, Promise, bool], ...] = (
    ("overview", _("Overview"), True),
    ("earnings", _("What it earns"), False),
    ("sources", _("Sources"), False),
    ("forms", _("Forms"), False),
    ("submissions", _("Submissions"), False),
    ("settings", _("Settings"), False),
    ("health", _("Health"), False),
)


HELP_LANGUAGES = ("en", "ru")
# The help of a page is the topic that is called as its templates' folder, but for these.
_TOPICS = {"traces/forms/fields.html": "fields", "traces/forms/codes.html": "websites"}


@dataclass(frozen=True, slots=True)
class Reader:
    """Who asks for a page: everything shown or changed must be of this `portal`."""

    portal: Portal
    session: Session

    @property
    def is_admin(self) -> bool:
        """Whether the user administers the portal, as it said when the application was opened."""
        return self.session.admin


View = Callable[Concatenate[HttpRequest, Reader, P], HttpResponseBase]


def view(
    *methods: str, viewers: bool = False, everyone: bool = False, asks_again: bool = False
) -> Callable[[View[P]], Callable[..., HttpResponseBase]]:
    """Make a view of the frame, called with the request and its `Reader`.

    `methods` are those that it takes (GET where none is named), `viewers` is whether a user who does not administer the
    portal may see it where an administrator has allowed that; `everyone` shows a right of another kind. What cannot be
    undone `asks_again`: the portal must say that the user administers it still.
    """

    def decorate(function: View[P]) -> Callable[..., HttpResponseBase]:
        @csrf_exempt  # no cookie tells who asks: a header does, which another site cannot send
        @require_http_methods(list(methods or ("GET",)))
        @functools.wraps(function)
        def wrapped(request: HttpRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
            try:
                opened = session.of_request(request)
                reader = Reader(session.portal_of(opened), opened)
                with iframe.speaking(opened.language, opened.time_zone):
                    refusal = "" if everyone else _refusal(reader, viewers=viewers, asks_again=asks_again)
                    if refusal:
                        response: HttpResponseBase = render(request, reader, refusal, status=403)
                    else:
                        response = function(request, reader, *args, **kwargs)
            except session.SessionExpired:
                return over(request)
            return finish(response, reader)

        return wrapped

    return decorate


def opening(page: Callable[[HttpRequest, Reader], HttpResponseBase]) -> Callable[[HttpRequest], HttpResponseBase]:
    """Make a view of what the portal itself opens: `page` for the proven user, or what is wrong."""

    @csrf_exempt  # a cross-site POST by design; it is proven by its token instead
    @require_http_methods(["GET", "HEAD", "POST"])
    @functools.wraps(page)
    def wrapped(request: HttpRequest) -> HttpResponseBase:
        proven = open_application(request)
        if isinstance(proven, HttpResponseBase):
            return proven
        opened = session.begin(proven, iframe.language(request.GET.get("LANG", "")))
        reader = Reader(proven.portal, opened)
        with iframe.speaking(opened.language, opened.time_zone):
            response = finish(page(request, reader), reader)
        iframe.guard(response, proven.portal, proven.origin)
        return response

    return wrapped


def _refusal(reader: Reader, *, viewers: bool, asks_again: bool) -> str:
    """The template that tells the reader why not, or "". Raises `SessionExpired`."""
    if not may_see(reader, viewers=viewers):
        return "traces/not_allowed.html"
    if not asks_again:
        return ""
    try:
        return "" if rights.still_administers(reader.portal, reader.session) else "traces/not_allowed.html"
    except errors.PortalError as error:
        logger.warning("portal %s: could not be asked who administers it (%s)", reader.portal.pk, error.code)
        return "traces/not_asked.html"


def may_see(reader: Reader, *, viewers: bool) -> bool:
    """Whether the reader may see a page that is open to `viewers`, or to administrators only."""
    return reader.is_admin or (viewers and preferences(reader.portal).viewers)


def finish(response: HttpResponseBase, reader: Reader) -> HttpResponseBase:
    """Renew the session with the answer, and guard it."""
    response[session.HEADER] = session.token(reader.session)
    iframe.guard(response, reader.portal)
    return response


def over(request: HttpRequest) -> HttpResponse:
    """The answer where there is no session: a page that has the portal open the application anew."""
    asked = request.headers.get("Accept-Language", "")[:2]
    code = iframe.language(asked)
    layout = "traces/_app.html" if request.headers.get("HX-Request") else "traces/app.html"
    context = {"lang": code, "layout": layout, "help": help_address("traces/over.html", code)}
    with iframe.speaking(code):
        response = django_render(request, "traces/over.html", context, status=401)
    iframe.guard(response, None, posted=request.method == "POST")
    return response


def render(
    request: HttpRequest,
    reader: Reader,
    template: str,
    context: dict[str, Any] | None = None,
    *,
    page: str = "",
    status: int = 200,
) -> HttpResponse:
    """Render a page, or a part of one, for the reader.

    A template of a page says `{% extends layout %}`; `page` is its name in `MENU`. A part (`_….html`) extends nothing.
    To be used within a `view`, which has set the language.
    """
    whole = not request.headers.get("HX-Request")
    common = {
        "layout": "traces/app.html" if whole else "traces/_app.html",
        "lang": reader.session.language,
        "reader": reader,
        "portal": reader.portal,
        "menu": [
            {"name": name, "label": label, "address": reverse(name), "here": name == page}
            for name, label, viewers in MENU
            if may_see(reader, viewers=viewers)
        ],
        "help": help_address(template, reader.session.language),
        "frame_session": session.token(reader.session) if whole else "",
        "address": reverse(page or "start"),
    }
    return django_render(request, template, {**common, **(context or {})}, status=status)


def topic_of(template: str) -> str:
    """The topic of the help (`docs/help`) that belongs to a page's template."""
    folder = template.split("/")[-2]
    return _TOPICS.get(template, "index" if folder == "traces" else folder)


def help_address(template: str, language: str) -> str:
    """The public page with the help of a page, in the reader's language; in English where the help lacks it."""
    topic = topic_of(template)
    path = reverse("help") if topic == "index" else reverse("help-topic", args=[topic])
    return f"{path}?lang={language if language in HELP_LANGUAGES else 'en'}"


def preferences(portal: Portal) -> Preferences:
    """The portal's preferences; the defaults where nobody has chosen any yet (not stored then)."""
    return Preferences.objects.filter(portal=portal).first() or Preferences(portal=portal)
