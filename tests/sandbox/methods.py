"""The REST methods of the sandbox that are not the CRM's: application, users, options, events, placements.

A method is a function of a `Call`; one written as a generator reads before the time that it takes, and writes
after it. Source: the fact sheets on installation and events, embedding and CRM entities (§10).
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

from tests.sandbox import php
from tests.sandbox.portal import Portal, User

EVENT_CODES = (
    "ONAPPINSTALL", "ONAPPUPDATE", "ONAPPUNINSTALL", "ONAPPPAYMENT", "ONSUBSCRIPTIONRENEW", "ONAPPMETHODCONFIRM",
    "ONAPPTEST", "ONOFFLINEEVENT", "ONCRMLEADADD", "ONCRMDEALADD", "ONCRMCONTACTADD",
)  # fmt: skip


class RestError(Exception):
    """An error answer of the portal."""

    def __init__(self, code: str, description: str = "", status: int = 400, *, body: Any = None, **extra: Any) -> None:
        super().__init__(code)
        self.status = status
        self.body = body or {"error": code, "error_description": description, **extra}


@dataclass
class Call:
    """One call of a method: its portal, user and parameters; `start` is the page, `webhook` the way it came.

    `began` is the time of the request. What a method puts into `envelope` (next, total) stands beside its result.
    """

    portal: Portal
    user: User
    params: dict[str, Any]
    webhook: bool = False
    start: int = 0
    envelope: dict[str, Any] = field(default_factory=dict)
    began: float = 0.0

    def take_out(self) -> None:
        """Take out of the parameters what is the engine's."""
        for key in ("auth", "access_token", "state"):
            self.params.pop(key, None)
        self.start = php.integer(self.params.pop("start", 0))

    def get(self, *path: str) -> Any:
        """The parameter at a path, None where it is missing."""
        return php.get(self.params, *path)

    def get_any_case(self, name: str) -> Any:
        """A parameter whose name counts in any case."""
        return next((value for key, value in self.params.items() if key.upper() == name.upper()), None)


Method = Callable[[Call], Any]
METHODS: dict[str, Method] = {}
SCOPES: dict[str, str] = {}


def method(name: str, scope: str = "") -> Callable[[Method], Method]:
    """Register a method under its name; `scope` is the right it needs ("" for the basic ones)."""

    def register(function: Method) -> Method:
        METHODS[name] = function
        SCOPES[name] = scope
        return function

    return register


def need_application(call: Call) -> None:
    """Refuse a webhook where the method needs the application."""
    if call.webhook:
        raise RestError("WRONG_AUTH_TYPE", "Current authorization type is denied for this method", 403)


def need_admin(call: Call) -> None:
    """Refuse an ordinary user."""
    if not call.user.admin:
        raise RestError("ACCESS_DENIED", "Access denied!", 403)


@method("profile")
def profile(call: Call) -> Any:
    user = call.user
    names = {"NAME": user.name, "LAST_NAME": "Moreau", "PERSONAL_GENDER": "", "TIME_ZONE": "UTC"}
    return {"ID": str(user.id), "ADMIN": user.admin, **names}


@method("user.admin")
def user_admin(call: Call) -> Any:
    return call.user.admin


@method("user.current", "user")
def user_current(call: Call) -> Any:
    return {"ID": str(call.user.id), "ACTIVE": True, "NAME": call.user.name}


@method("scope")
def scope(call: Call) -> Any:
    return call.portal.scope.split(",")


@method("method.get")
def method_get(call: Call) -> Any:
    name = str(call.get_any_case("NAME") or "").lower()
    known = name in METHODS
    return {"isExisting": known, "isAvailable": known and SCOPES[name] in ("", *call.portal.scope.split(","))}


@method("feature.get")
def feature_get(call: Call) -> Any:
    if not call.get_any_case("CODE"):
        raise RestError("CODE_EMPTY", "CODE can't be empty")
    return {"value": "Y"}


@method("server.time")
def server_time(call: Call) -> Any:
    return datetime.fromtimestamp(call.portal.clock.now(), UTC).isoformat(timespec="seconds")


@method("events")
def events(call: Call) -> Any:
    return list(EVENT_CODES)


@method("app.info")
def app_info(call: Call) -> Any:
    portal = call.portal
    if call.webhook:
        return {"SCOPE": portal.scope.split(","), "LICENSE": "en_basic"}
    return {
        "ID": "12",
        "CODE": portal.client_id,
        "VERSION": portal.version,
        "STATUS": portal.status,
        "INSTALLED": portal.installed,
        "PAYMENT_EXPIRED": "Y" if portal.payment_ended else "N",
        "DAYS": None,
        "LANGUAGE_ID": portal.language,
        "LICENSE": "en_basic",
        "LICENSE_TYPE": "basic",
        "LICENSE_FAMILY": "basic",
    }


def _changed(options: dict[str, Any], call: Call) -> dict[str, Any]:
    values = call.get_any_case("options")
    if not isinstance(values, dict) or not values:
        raise RestError("ERROR_ARGUMENT", "Argument 'options' is null or empty", argument="options")
    return {**options, **values}


def _read(options: dict[str, Any], call: Call) -> Any:
    name = call.get_any_case("option")
    return options.get(str(name), "") if name else php.array(options)


@method("user.option.set")
def user_option_set(call: Call) -> Generator[None, None, bool]:
    # One map of all options is read, changed and written back: two senders at once lose one change.
    changed = _changed(call.portal.user_options.get(call.user.id, {}), call)
    yield
    call.portal.user_options[call.user.id] = changed
    return True


@method("user.option.get")
def user_option_get(call: Call) -> Any:
    return _read(call.portal.user_options.get(call.user.id, {}), call)


@method("app.option.set")
def app_option_set(call: Call) -> Generator[None, None, bool]:
    need_admin(call)
    changed = _changed(call.portal.app_options, call)
    yield
    call.portal.app_options = changed
    return True


@method("app.option.get")
def app_option_get(call: Call) -> Any:
    return _read(call.portal.app_options, call)


@method("im.notify", "im")
@method("im.notify.system.add", "im")
@method("im.notify.personal.add", "im")
def im_notify(call: Call) -> Any:
    if php.integer(call.get_any_case("USER_ID")) <= 0:
        raise RestError("USER_ID_EMPTY", "User ID can't be empty")
    if not call.get_any_case("MESSAGE"):
        raise RestError("MESSAGE_EMPTY", "Message can't be empty")
    call.portal.notices.append(dict(call.params))
    return len(call.portal.notices)


def _check_handler(url: str) -> None:
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"}:
        raise RestError("ERROR_UNSUPPORTED_PROTOCOL", "Unsupported event handler protocol")
    if "." not in (parts.hostname or ""):
        raise RestError("ERROR_WRONG_HANDLER_URL", "Wrong handler URL")


@method("event.bind")
def event_bind(call: Call) -> Any:
    need_application(call)
    event, handler = str(call.get_any_case("EVENT") or "").upper(), str(call.get_any_case("HANDLER") or "")
    for name, value in (("EVENT", event), ("HANDLER", handler)):
        if not value:
            raise RestError("ERROR_ARGUMENT", f"Argument '{name}' is null or empty", argument=name)
    if event not in EVENT_CODES:
        raise RestError("ERROR_EVENT_NOT_FOUND", "Event not found")
    _check_handler(handler)
    binding = {"event": event, "handler": handler, "auth_type": "0", "offline": 0}
    if binding in call.portal.bindings:
        raise RestError("ERROR_CORE", "Unable to set event handler: Handler already binded")
    call.portal.bindings.append(binding)
    return True


@method("event.unbind")
def event_unbind(call: Call) -> Any:
    need_application(call)
    event, handler = str(call.get_any_case("EVENT") or "").upper(), call.get_any_case("HANDLER")
    kept = [one for one in call.portal.bindings if (one["event"], one["handler"]) != (event, handler)]
    count = len(call.portal.bindings) - len(kept)
    call.portal.bindings = kept
    return {"count": count}


@method("event.get")
def event_get(call: Call) -> Any:
    need_application(call)
    return list(call.portal.bindings)


# The places that can be bound, and the right that each needs besides `placement`.
PLACES = {
    **{f"CRM_{kind}_DETAIL_TAB": "crm" for kind in ("LEAD", "DEAL", "CONTACT", "COMPANY", "QUOTE")},
    "CRM_ANALYTICS_MENU": "crm",
    "CONTACT_CENTER": "contact_center",
}


@method("placement.bind", "placement")
def placement_bind(call: Call) -> Any:
    need_application(call)
    need_admin(call)
    placement, handler = str(call.get_any_case("PLACEMENT") or ""), str(call.get_any_case("HANDLER") or "")
    if PLACES.get(placement) not in call.portal.scope.split(","):
        raise RestError("ERROR_PLACEMENT_NOT_FOUND", "Placement not found")
    _check_handler(handler)
    if any(one["placement"] == placement and one["handler"] == handler for one in call.portal.placements):
        raise RestError("ERROR_CORE", "Unable to set placement handler: Handler already binded")
    titles = call.get_any_case("LANG_ALL")
    bound = {"placement": placement, "handler": handler, "title": call.get_any_case("TITLE"), "langAll": titles}
    call.portal.placements.append(bound)
    return True


@method("placement.unbind", "placement")
def placement_unbind(call: Call) -> Any:
    need_application(call)
    wanted = (call.get_any_case("PLACEMENT"), call.get_any_case("HANDLER"))
    kept = [one for one in call.portal.placements if (one["placement"], one["handler"]) != wanted]
    count = 2 * (len(call.portal.placements) - len(kept))  # the portal counts each row twice
    call.portal.placements = kept
    return {"count": count}


@method("placement.get", "placement")
def placement_get(call: Call) -> Any:
    need_application(call)
    return list(call.portal.placements)
