"""docs/holds.md, made from the table of reasons: `python -m tests.holds_page` writes it.

`tests/portal/test_remedies.py` causes each of them on the sandbox portal and follows its remedy to the end.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import django
from django.utils import translation

PAGE = Path(__file__).resolve().parent.parent / "docs" / "holds.md"
APPLICATION, WEBHOOK = "application", "webhook"
PROBE, OPENED, ADDED = "within 60 minutes, by the next probe", "at once, when it is opened", "at once, when it is added"
_BEFORE = """# Reasons for a hold

Why a portal's queue is held, what administrators read, and when delivery resumes. This page is generated from the
table in `tests/holds_page.py` by `python -m tests.holds_page`. For each reason, a test causes it on the sandbox portal,
lets seven probes fail, follows the remedy, and checks that everything is delivered within the time in the last column.

A held portal is probed with one submission, by one worker: after 1, 3, 7, 15, 31 and 63 minutes, then once an hour.
If it answers with another reason, the reason is updated; the time since when it is held stays. A method that the portal
does not offer (`method_missing`, `confirmation_waiting`, `feature_missing`) is held alone: everything else continues.
"""
_HEAD = """
## Connected by the {way}

| Reason | Caused in the test by | Text in English | Text in Russian | Delivery resumes |
|---|---|---|---|---|
"""


@dataclass(frozen=True, slots=True)
class Hold:
    """A reason, how the portal is connected, what the sandbox does, and when delivery goes on after the remedy."""

    code: str
    way: str
    cause: str
    goes_on: str = PROBE


HOLDS = (
    Hold("payment_required", APPLICATION, "401 PAYMENT_REQUIRED, until it is paid"),
    Hold("plan", APPLICATION, "401 ACCESS_DENIED “REST API is available only on commercial plans.”"),
    Hold("market_subscription", APPLICATION, "401 ACCESS_DENIED “REST is available only by subscription.”"),
    Hold("licence", APPLICATION, "302 to /bitrix/coupon_activation.php for everything"),
    Hold("redirected", APPLICATION, "302 to a page of its own for everything"),
    Hold("overload_limit", APPLICATION, "401 OVERLOAD_LIMIT"),
    Hold("portal_deleted", APPLICATION, "403 PORTAL_DELETED, until it is switched on"),
    Hold("portal_off", APPLICATION, "a page with the status 404 for everything"),
    Hold("disk_quota", APPLICATION, "each new record refused: “Disk quota exceeded.”"),
    Hold("insufficient_scope", APPLICATION, "401 insufficient_scope, until the right is given"),
    Hold("not_installed", APPLICATION, "401 APPLICATION_NOT_FOUND, until it is installed again", OPENED),
    Hold("invalid_client", APPLICATION, "B24_CLIENT_SECRET is not what the OAuth server knows, until it is corrected"),
    Hold("no_administrator", APPLICATION, "the only administrator is dismissed; another one opens it", OPENED),
    Hold(
        "no_rights", APPLICATION, "“Access denied.” for every record to every administrator, until one gets the right"
    ),
    Hold(
        "not_allowed", APPLICATION, "401 ACCESS_DENIED “Current user can't be authorized in this context” to everybody"
    ),
    Hold("key_missing", APPLICATION, "the encryption key is taken away; an administrator opens it", OPENED),
    Hold(
        "invalid_token", APPLICATION, "401 invalid_token, also for the renewed one; an administrator opens it", OPENED
    ),
    Hold("moved", APPLICATION, "302 to a host that the OAuth server does not name; an administrator opens it", OPENED),
    Hold("plan", WEBHOOK, "401 ACCESS_DENIED “REST API is available only on commercial plans.”"),
    Hold("market_subscription", WEBHOOK, "401 ACCESS_DENIED “REST is available only by subscription.”"),
    Hold("licence", WEBHOOK, "302 to /bitrix/coupon_activation.php on the same host for everything"),
    Hold("portal_deleted", WEBHOOK, "403 PORTAL_DELETED, until it is switched on"),
    Hold("portal_off", WEBHOOK, "a page with the status 404 for everything"),
    Hold("no_rights", WEBHOOK, "“Access denied.” for every record, until its owner gets the right"),
    Hold("not_allowed", WEBHOOK, "401 ACCESS_DENIED “Current user can't be authorized in this context”"),
    Hold("insufficient_scope", WEBHOOK, "401 insufficient_scope, until the right is given"),
    Hold("certificate", WEBHOOK, "an expired certificate, then a good one"),
    Hold("certificate_authority", WEBHOOK, "an authority of the company's own, then `B24_CA_FILE`"),
    Hold("private_address", WEBHOOK, "a private address, then `B24_PRIVATE_HOSTS`"),
    Hold("invalid_credentials", WEBHOOK, "401 INVALID_CREDENTIALS: it was deleted; a new one is added", ADDED),
    Hold("webhook_owner_gone", WEBHOOK, "401 authorization_error: its owner is dismissed; another's is added", ADDED),
    Hold("key_missing", WEBHOOK, "the encryption key is taken away; it is added again", ADDED),
    Hold("webhook_moved", WEBHOOK, "302 to another host; it is added with the new address", ADDED),
    Hold("plain_http", WEBHOOK, "an http address; it is added with https", ADDED),
    Hold("invalid_request", WEBHOOK, "401 INVALID_REQUEST “Https required.”; it is added with https", ADDED),
)


def page() -> str:
    """The text of the page."""
    parts = [_BEFORE]
    for way in (APPLICATION, WEBHOOK):
        parts += [_HEAD.format(way=way), *(_row(hold) for hold in HOLDS if hold.way == way)]
    return "".join(parts)


def _row(hold: Hold) -> str:
    from b24app.api import remedies

    remedy = remedies.of(hold.code, hold.way == WEBHOOK)
    assert remedy is not None
    told = []
    for language in ("en", "ru"):
        with translation.override(language):
            told.append(f"{remedy.happened} {remedy.todo}")
    return f"| `{hold.code}` | {hold.cause} | {told[0]} | {told[1]} | {hold.goes_on} |\n"


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "b24app.settings")
    django.setup()
    PAGE.write_text(page(), encoding="utf-8")
    print(f"wrote {PAGE.name}: {len(HOLDS)} reasons")
