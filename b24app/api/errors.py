"""What an answer of a portal or of its OAuth server means, in one table.

    PortalError
    ├── Wait        the portal asks for patience: due later, no attempt used up
    ├── Transient   a fault that passes: try again later; certainly nothing was done
    ├── Ambiguous   no readable answer came: the work may have been done
    ├── Renew       the access token has expired: renew it once, then the same call again
    ├── OtherUser   this user's token is of no use any more: go on with another administrator's
    ├── Moved       the portal answers from another host now
    ├── Stop        nothing will pass on this portal until somebody acts: hold its queue
    ├── Poison      the answer may be caused by this very message: set it apart, the others go on
    └── Refused     this message is wrong and will stay wrong

The caller decides by the class alone. Codes come first, the HTTP status second, because statuses
mislead: 503 is both throttling and a block by hand, `CONNECTION_ERROR` comes with 401, `wrong_client`
with 200. Source of the codes: Bitrix24's system errors (`_includes/system-errors.md` of its REST
documentation) and the server's `rest` module; unknown codes count as transient.
"""

from __future__ import annotations

MAX_CODE_LENGTH, MAX_DESCRIPTION_LENGTH = 60, 1000


class PortalError(Exception):
    """An answer that is no success. `code` is in lower case, `description` is what the portal said, never our words.

    Neither text ever holds a token. Both are cut to a bounded length and cleaned of what a database cannot store: a
    portal may answer anything.
    """

    def __init__(self, code: str, description: str = "", *, status: int = 0) -> None:
        code, description = _storable(code, MAX_CODE_LENGTH), _storable(description, MAX_DESCRIPTION_LENGTH)
        super().__init__(f"{code or 'error'}: {description}" if description else code or "error")
        self.code = code
        self.description = description
        self.status = status


def _storable(text: str, max_length: int) -> str:
    return text[:max_length].encode(errors="replace").decode().replace("\0", "?")


class Wait(PortalError):
    """Too fast. `seconds` are those to wait at least, `method` is set where only that method is blocked."""

    def __init__(
        self, code: str, description: str = "", *, status: int = 0, seconds: float = 1.0, method: str = ""
    ) -> None:
        super().__init__(code, description, status=status)
        self.seconds = seconds
        self.method = method


class Transient(PortalError):
    """A fault that passes by itself; nothing was done."""


class Ambiguous(PortalError):
    """The request went out and no readable answer came back: it may or may not have been done."""


class Renew(PortalError):
    """The access token has expired (or is unknown to the portal)."""


class OtherUser(PortalError):
    """This user's token does not do: dismissed (`lasts`: the pair is dead), or without the right to what was asked."""

    def __init__(self, code: str, description: str = "", *, status: int = 0, lasts: bool = True) -> None:
        super().__init__(code, description, status=status)
        self.lasts = lasts


class Moved(PortalError):
    """The portal was renamed. `location` is the unverified address that it sent."""

    def __init__(self, location: str) -> None:
        super().__init__("moved", status=302)
        self.location = location


class Stop(PortalError):
    """Nothing will pass until somebody acts. `code` is a key of `b24app.api.remedies.REMEDIES`.

    With `method` set only that method is missing or blocked.
    """

    def __init__(self, code: str, description: str = "", *, status: int = 0, method: str = "") -> None:
        super().__init__(code, description, status=status)
        self.method = method


class Refused(PortalError):
    """The portal refuses this very message, today and tomorrow."""


class Poison(PortalError):
    """What stands before the portal turned this request away, perhaps for what the message says."""


_WAIT = {"query_limit_exceeded", "operation_time_limit"}
_TRANSIENT = {"connection_error", "no_auth_found"}
_AMBIGUOUS = {"internal_server_error", "error_unexpected_answer"}
_RENEW = {"expired_token", "invalid_token"}
_OTHER_USER = {
    "authorization_error",
    "user_access_error",
    "allowed_only_intranet_user",
    "invalid_grant",
    "bad_verification_code",
}
_STOP = {
    "payment_required": "payment_required",
    "overload_limit": "overload_limit",
    "portal_deleted": "portal_deleted",
    "insufficient_scope": "insufficient_scope",
    "invalid_scope": "insufficient_scope",
    "application_not_found": "not_installed",
    "not_installed": "not_installed",
    "invalid_client": "invalid_client",
    "wrong_client": "invalid_client",
    "invalid_credentials": "invalid_credentials",
    "invalid_request": "invalid_request",
    "wrong_license": "plan",
    "method_confirm_waiting": "confirmation_waiting",
}
_REFUSED = {
    "error_argument",
    "invalid_arg_value",
    "not_found",
    "error_not_found",
    "method_confirm_denied",
    "wrong_auth_type",
    "wrong_encoding",
    "error_batch_method_not_allowed",
    "error_batch_length_exceeded",
    "entity_type_not_supported",
    "crm_field_error_value_not_valid",
}


def is_known(code: str) -> bool:
    """Whether this code of an answer is one that the table has."""
    by_context = code in {"error_oauth", "access_denied", "error_core", "error_method_not_found", ""}
    return by_context or code in _WAIT or code in _STOP or any(code in codes for codes, _ in _SIMPLE)


def of_answer(code: str, description: str, status: int, method: str) -> PortalError:
    """The error of a JSON answer that carries an `error` key.

    `code` as the portal wrote it (any case, may be empty), `status` the HTTP status, `method` the REST
    method called, or "oauth" for the OAuth server.
    """
    key = code.casefold()
    if key in _WAIT:
        blocked = method if key == "operation_time_limit" else ""
        return Wait(key, description, status=status, seconds=60.0 if blocked else 1.0, method=blocked)
    if key == "invalid_request" and method == "oauth":
        # From a portal it says "https only"; from the OAuth server that our request itself was not understood.
        return Stop("invalid_client", description, status=status)
    if key == "error_method_not_found":
        return Stop("method_missing", description, status=status, method=method)
    if key in _STOP:
        return Stop(_STOP[key], description, status=status)
    if key in {"error_oauth", "access_denied", "error_core", ""}:
        return _by_context(key, description, status)
    for codes, kind in _SIMPLE:
        if key in codes:
            return kind(key, description, status=status)
    return Transient(key, description, status=status)


_SIMPLE: tuple[tuple[set[str], type[PortalError]], ...] = (
    (_TRANSIENT, Transient),
    (_AMBIGUOUS, Ambiguous),
    (_RENEW, Renew),
    (_OTHER_USER, OtherUser),
    (_REFUSED, Refused),
)


def _by_context(key: str, description: str, status: int) -> PortalError:
    """The codes that the portal uses for several things."""
    if key == "error_oauth":
        ended = "subscription" in description.casefold()
        return Stop("payment_required" if ended else "not_installed", description, status=status)
    if status == 401 and "authorized in this context" in description.casefold():
        return OtherUser("not_allowed", description, status=status, lasts=False)
    if not key and description.casefold().startswith("access denied"):
        return OtherUser("no_rights", description, status=status, lasts=False)
    if key == "access_denied":
        # From the token check (401 in the server's code, 403 in its documentation) it is the plan without
        # REST; from a method it is this user's right to this object.
        if status == 401 or "commercial plan" in description.casefold():
            return Stop("plan", description, status=status)
        return Refused(key, description, status=status)
    if status >= 500:
        # ERROR_CORE "SQL query error!": how far the method had come is not known.
        return Ambiguous(key or "error", description, status=status)
    return Refused(key or "refused", description, status=status)


def of_unreadable(status: int) -> PortalError:
    """The error of an answer that is no JSON: a page of the front end, an empty body, a broken one."""
    if status == 403:
        return Poison("forbidden", status=status)
    if status == 503 or 400 <= status < 500:
        # The front end refused it: the request did not reach the portal's own code.
        return Transient("unreadable", status=status)
    return Ambiguous("unreadable", status=status)
