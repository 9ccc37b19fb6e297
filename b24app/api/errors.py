"""What an answer of a portal or of its OAuth server means, in one table.

    PortalError
    ├── Wait        the portal asks to wait: due later, uses up no attempt
    ├── Transient   a temporary fault: try again later; certainly nothing was done
    ├── Ambiguous   no readable answer: the work may have been done
    ├── Renew       the access token has expired: renew it once, then the same call again
    ├── OtherUser   this user's token is useless here: continue with another administrator's
    ├── Moved       the portal answers from another host now
    ├── Stop        nothing will succeed until somebody acts: hold the portal's queue, or one method
    ├── Poison      this very message may cause the answer: isolate it, the others continue
    └── Refused     this message is wrong and will stay wrong

The caller decides by the class alone. Codes come first, then the text where a code has several meanings, then the
HTTP status, because statuses mislead, and a command inside a batch has none: 503 is both throttling and a block by
hand, `CONNECTION_ERROR` comes with 401, `wrong_client` with 200. A 500 page is `Ambiguous`, since the work may have
been done, though this very message may have caused it. Source of the codes: Bitrix24's system errors
(`_includes/system-errors.md` of its REST documentation) and the server's `rest` module; unknown codes count as
transient.
"""

from __future__ import annotations

import html
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

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
    """The user behind this token cannot do it. Where `lasts`, the pair of tokens is dead: the user was dismissed, is
    kept out of the application, or the tokens are void. Otherwise the pair works, but the user may not do this (no
    rights in the CRM, say), which the portal's administrator can change."""

    def __init__(self, code: str, description: str = "", *, status: int = 0, lasts: bool = True) -> None:
        super().__init__(code, description, status=status)
        self.lasts = lasts


class Moved(PortalError):
    """The portal was renamed. `location` is the unverified address that it sent."""

    def __init__(self, location: str) -> None:
        super().__init__("moved", status=302)
        self.location = location


class Stop(PortalError):
    """Nothing will succeed until somebody acts. `code` is a key of `b24app.api.remedies.REMEDIES`.

    With a `method`, only that one is missing or closed: whatever does not need it continues.
    """

    def __init__(self, code: str, description: str = "", *, status: int = 0, method: str = "") -> None:
        super().__init__(code, description, status=status)
        self.method = method


class Poison(PortalError):
    """What stands before the portal turned this request away, perhaps for what the message says."""


class Refused(PortalError):
    """The portal refuses this very message, today and tomorrow."""


_WAIT = {"query_limit_exceeded", "operation_time_limit"}
_TRANSIENT = {"connection_error"}
_AMBIGUOUS = {"internal_server_error", "error_unexpected_answer"}
# `no_auth_found` is documented as "invalid access token or webhook code": a renewal may cure it, once.
_RENEW = {"expired_token", "invalid_token", "no_auth_found"}
_OTHER_USER = {"authorization_error", "invalid_grant", "bad_verification_code"}
# An administrator of the portal can let this user in again, so the pair of tokens is kept.
_NOT_NOW = {"user_access_error": "not_allowed", "allowed_only_intranet_user": "not_allowed"}
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
}
# What one method lacks says nothing of the others.
_STOP_METHOD = {
    "wrong_license": "feature_missing",
    "method_confirm_waiting": "confirmation_waiting",
    "error_method_not_found": "method_missing",
}
_REFUSED = {
    *("error_argument", "invalid_arg_value", "not_found", "error_not_found", "method_confirm_denied"),
    *("wrong_auth_type", "wrong_encoding", "error_batch_method_not_allowed", "error_batch_length_exceeded"),
    *("entity_type_not_supported", "crm_field_error_value_not_valid", "error_placement_not_found"),
}
_SIMPLE: tuple[tuple[set[str], type[PortalError]], ...] = (
    (_TRANSIENT, Transient),
    (_AMBIGUOUS, Ambiguous),
    (_RENEW, Renew),
    (_OTHER_USER, OtherUser),
    (_REFUSED, Refused),
)
_BY_TEXT = {"error_oauth", "access_denied", "error_core", ""}
# The number of a PHP exception says as little as no code.
_NUMBER = re.compile(r"-?[0-9]+")
_TAG = re.compile(r"</?[a-z][^<>]*>", re.IGNORECASE)
# What the CRM answers where its user has no right; localised, though seldom.
_DENIED = re.compile(
    r"(access denied|доступ (запрещ[её]н|заборонено)|zugriff verweigert|acceso denegado|acesso negado)[.! ]*"
)

# Methods that need a right to a kind of records at all, and none to a certain one.
_NEEDS_GENERAL_RIGHT = re.compile(r"crm\.((\w+|tracking\.trace)\.(add|list)|duplicate\.findbycomm)", re.IGNORECASE)
# The portal's space is used up. Localised, and without a code: both a word for the disk and one for the limit.
_DISK = re.compile(r"\b(disks?|disco|disque)\b|диск(?!онт|усс)|speicher|festplatte", re.IGNORECASE)
_QUOTA = re.compile(
    r"quota|квот|\bspace\b|пространств|\bмест[ао]\b|speicher|\bcuota|\bespa[cç]|\bcota\b", re.IGNORECASE
)
# What names a field or repeats a value is about this message.
_QUOTED = re.compile("[\"'«»“”„`]")
# Pages of what stands before the portal that may be about the content of one request.
_POISON_STATUS = {400, 403, 406, 413, 414, 431}
# The page on which a portal on the company's own server ends every request once its licence has ended.
_LICENCE_PAGE = "/bitrix/coupon_activation.php"


def is_known(code: str) -> bool:
    """Whether this code of an answer is one that the table has."""
    named = any(code in codes for codes in (_WAIT, _STOP, _STOP_METHOD, _BY_TEXT, _NOT_NOW))
    return named or any(code in codes for codes, _ in _SIMPLE)


def of_body(body: Mapping[str, Any], status: int, method: str) -> PortalError:
    """The error that a JSON object says, an answer or the part of a batch's answer on one command.

    The code may be a number, null, or an object with `code` and `message`; the description may be HTML.
    """
    named = body.get("error")
    said = body.get("error_description")
    if isinstance(named, Mapping):
        said, named = named.get("message"), named.get("code")
    code, text = ("" if value is None else str(value) for value in (named, said))
    description = " ".join(html.unescape(_TAG.sub("", text.replace("<br", " <br"))).split())
    return of_answer(code, description, status, method)


def of_answer(code: str, description: str, status: int, method: str) -> PortalError:
    """The error of a JSON answer that carries an `error` key, or of a command inside a batch, which has no status.

    `code` as the portal wrote it (any case, may be empty), `status` the HTTP status, `method` the REST
    method called, or "oauth" for the OAuth server.
    """
    key = "" if _NUMBER.fullmatch(code) else code.casefold()
    if key in _WAIT:
        blocked = method if key == "operation_time_limit" else ""
        return Wait(key, description, status=status, seconds=60.0 if blocked else 1.0, method=blocked)
    if key == "invalid_request" and method == "oauth":
        # From a portal it says "https only"; from the OAuth server that our request itself was not understood.
        return Stop("invalid_client", description, status=status)
    if key in _STOP:
        return Stop(_STOP[key], description, status=status)
    if key in _STOP_METHOD:
        # A batch is none: without it nothing goes.
        return Stop(_STOP_METHOD[key], description, status=status, method="" if method == "batch" else method)
    if key in _NOT_NOW:
        return _not_now(_NOT_NOW[key], description, status=status)
    if key in _BY_TEXT:
        return _by_text(key, description, status, method)
    for codes, kind in _SIMPLE:
        if key in codes:
            return kind(key, description, status=status)
    return Transient(key, description, status=status)


def _by_text(key: str, description: str, status: int, method: str) -> PortalError:
    """The codes that the portal uses for several things."""
    text = description.casefold()
    if key == "error_oauth":
        ended = "subscription" in text
        return Stop("payment_required" if ended else "not_installed", description, status=status)
    if key == "access_denied" and (closed := _closed(text, status)):
        kind = Stop if closed != "not_allowed" else _not_now
        return kind(closed, description, status=status)
    if key == "access_denied" or _DENIED.fullmatch(text.strip()):
        if _NEEDS_GENERAL_RIGHT.fullmatch(method):
            return _not_now("no_rights", description, status=status)
        return Refused("access_denied", description, status=status)
    if _DISK.search(text) and _QUOTA.search(text) and not _QUOTED.search(text):
        return Stop("disk_quota", description, status=status)
    if status >= 500 or "sql query error" in text:
        # How far the method had come is not known.
        return Ambiguous(key or "error", description, status=status)
    return Refused(key or "refused", description, status=status)


def _closed(text: str, status: int) -> str:
    """Whom the check of the token keeps out by ACCESS_DENIED, as a code; "" if a method says it.

    Source: the server's `rest/lib/oauth/auth.php` and `rest/lib/apauth/auth.php`.
    """
    if "authorized in this context" in text:
        return "not_allowed"
    if "subscription" in text:
        return "market_subscription"
    # 401 in the server's code, 403 in its documentation.
    return "plan" if status == 401 or "commercial plan" in text else ""


def _not_now(code: str, description: str, *, status: int) -> OtherUser:
    return OtherUser(code, description, status=status, lasts=False)


def of_webhook(error: OtherUser) -> Stop:
    """What `OtherUser` means for a webhook, which has no user but its owner."""
    code = error.code if error.code in {"no_rights", "not_allowed"} else "webhook_owner_gone"
    return Stop(code, error.description, status=error.status)


def of_unreadable(status: int, method: str) -> PortalError:
    """The error of an answer that is no JSON: a page of the front end, an empty body, a broken one.

    `method` is the REST method called, or "oauth" for the OAuth server, whose pages say nothing of a portal.
    """
    if status in _POISON_STATUS and method != "oauth":
        return Poison("forbidden", status=status)
    if status in {404, 410} and method != "oauth":
        # Not a method's: that says so by its code. "Your Bitrix24 is switched off" is such a page.
        return Stop("portal_off", status=status)
    if status == 429 and method != "oauth":
        return Wait("query_limit_exceeded", status=status)
    if status == 503 or 400 <= status < 500:
        # The front end refused it: the request did not reach the portal's own code.
        return Transient("unreadable", status=status)
    return Ambiguous("unreadable", status=status)


def of_redirect(location: str, asked: str) -> PortalError:
    """The error of a redirect to `location` as the answer to a request to the address `asked`; it is never followed."""
    try:
        here, there = urlsplit(asked), urlsplit(location)
        licence = there.path.rstrip("/").casefold() == _LICENCE_PAGE
    except ValueError:
        return Moved(location)  # what is no address is confirmed by nobody
    if licence:
        return Stop("licence", status=302)
    if there.netloc and there.netloc.casefold() != here.netloc.casefold():
        return Moved(location)
    if (here.scheme, there.scheme) == ("http", "https"):
        return Stop("invalid_request", status=302)
    return Stop("redirected", status=302)
