"""One portal: its users, tokens, limits, records and traces, all in memory."""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.sandbox.clock import Clock
from tests.sandbox.crm_fields import USER_FIELDS
from tests.sandbox.limits import PLANS, Leaky, Operating
from tests.sandbox.tracking import Source, Trace

GOLDEN = Path(__file__).resolve().parent.parent / "data" / "portal-golden.json"
SITES = {"shop.example.com": 7}
ACCESS_SECONDS = 3600
REFRESH_SECONDS = 180 * 24 * 3600
CODE_SECONDS = 30


@dataclass
class User:
    """A user of a portal.

    `crm` is the right to use the CRM, `active` False for a dismissed one, `allowed` False where the administrator
    has closed the application to this one, `in_context` False where the server's access check turns this one away;
    `denied` are methods of the CRM for whose records this one lacks the right.
    """

    id: int
    admin: bool
    name: str
    crm: bool = True
    active: bool = True
    allowed: bool = True
    in_context: bool = True
    denied: set[str] = field(default_factory=set)


@dataclass
class Token:
    """An access or refresh token, or a code: whose it is, and until when it is good (unix seconds)."""

    user: int
    expires: float


@dataclass(frozen=True)
class Hit:
    """One HTTP request on REST; `commands` are the methods run inside a batch, `blocked` those that were refused
    since their operating time was used up."""

    at: float
    method: str
    status: int
    error: str
    commands: int
    blocked: int = 0


@dataclass
class Portal:
    """A Bitrix24 account of the sandbox.

    `installed` turns True with `installFinish`, `active` with the Install button. The flags `stopped` (the portal
    is deleted), `oauth_unreachable`, `blocked` (held by the vendor), `plan_without_rest` and `payment_ended` each
    close the portal in their own way; with `simple_crm` it works without leads, `disk_full` refuses every new record,
    and the methods in `lacks` are not there. A request is cut off after `cut_after` seconds; a command takes
    `command_seconds`, and costs as much operating time where `operating_seconds` says nothing else.
    """

    name: str
    clock: Clock
    client_id: str
    app_url: str
    oauth_url: str
    scope: str
    plan: str | None = "standard"
    host: str = "127.0.0.1"
    port: int = 0
    sources: Sequence[Source] | None = None
    command_seconds: float = 0.0
    operating_seconds: float | None = None
    operating_limit: float = 480.0
    cut_after: float = 60.0
    status: str = "L"
    language: str = "en"
    version: int = 1
    installed: bool = False
    active: bool = False
    stopped: bool = False
    oauth_unreachable: bool = False
    blocked: bool = False
    plan_without_rest: bool = False
    payment_ended: bool = False
    disk_full: bool = False
    lacks: set[str] = field(default_factory=set)
    simple_crm: bool = False
    users: dict[int, User] = field(default_factory=dict)
    access: dict[str, Token] = field(default_factory=dict)
    refresh: dict[str, Token] = field(default_factory=dict)
    codes: dict[str, Token] = field(default_factory=dict)
    traces: list[Trace] = field(default_factory=list)
    entities: dict[tuple[str, int], dict[str, Any]] = field(default_factory=dict)
    user_fields: dict[str, Any] = field(default_factory=lambda: dict(USER_FIELDS))
    user_options: dict[int, dict[str, Any]] = field(default_factory=dict)
    app_options: dict[str, Any] = field(default_factory=dict)
    bindings: list[dict[str, Any]] = field(default_factory=list)
    placements: list[dict[str, Any]] = field(default_factory=list)
    notices: list[dict[str, Any]] = field(default_factory=list)
    comments: list[dict[str, Any]] = field(default_factory=list)
    agreements: list[dict[str, Any]] = field(default_factory=list)
    consents: list[dict[str, Any]] = field(default_factory=list)
    hits: list[Hit] = field(default_factory=list)
    operating: dict[tuple[str, bool], Operating] = field(default_factory=dict)
    last_ids: dict[str, int] = field(default_factory=dict)
    buckets: dict[str, Leaky] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.member_id = hashlib.md5(self.name.encode()).hexdigest()
        self.application_token = secrets.token_hex(16)
        self.webhook_code, self.webhook_user = secrets.token_hex(8), 1
        if self.sources is None:
            self.sources = json.loads(GOLDEN.read_text())["sources"]
        for user in (User(1, True, "Ines"), User(2, True, "Oleg"), User(3, False, "Marta")):
            self.users[user.id] = user
        # The records of the golden file's world.
        for number, kind in enumerate(("LEAD", "DEAL", "CONTACT", "COMPANY", "QUOTE"), start=1):
            self.entities[kind, number] = {"ID": str(number), "TITLE": f"{kind} {number}"}
            self.last_ids[kind] = number

    @property
    def domain(self) -> str:
        """Host and port, as `DOMAIN` names it."""
        return f"{self.host}:{self.port}"

    @property
    def rest_url(self) -> str:
        """The `client_endpoint`."""
        return f"http://{self.domain}/rest/"

    @property
    def webhook_url(self) -> str:
        """The base address of an incoming webhook of `webhook_user`."""
        return f"{self.rest_url}{self.webhook_user}/{self.webhook_code}/"

    def add_user(self, id: int, admin: bool, name: str, crm: bool = True) -> None:
        """Add a user."""
        self.users[id] = User(id, admin, name, crm)

    def fire_user(self, id: int) -> None:
        """Dismiss a user: the tokens can still be refreshed, calls with them fail."""
        self.users[id].active = False

    def edit_webhook(self, user_id: int) -> None:
        """Another administrator edits the webhook, and owns it from then on: key and user number change."""
        self.webhook_code, self.webhook_user = secrets.token_hex(8), user_id

    def register_anew(self) -> None:
        """The portal registers with the vendor again: member_id changes, the address stays, old tokens are void."""
        self.member_id = hashlib.md5(secrets.token_bytes(8)).hexdigest()
        self.application_token = secrets.token_hex(16)
        for void in (self.access, self.refresh, self.codes, self.bindings, self.placements):
            void.clear()

    def activate(self) -> None:
        """The application is there, its page not yet shown; what an earlier installation left is void."""
        if not self.active:
            self.access.clear()
            self.refresh.clear()
            self.codes.clear()
            self.active = True

    def issue_tokens(self, user_id: int = 1) -> dict[str, Any]:
        """A new pair for a user, as the OAuth server's token response."""
        now = self.clock.now()
        access, refresh = secrets.token_hex(35), secrets.token_hex(35)
        self.access[access] = Token(user_id, now + ACCESS_SECONDS)
        self.refresh[refresh] = Token(user_id, now + REFRESH_SECONDS)
        return {
            "access_token": access,
            "refresh_token": refresh,
            "expires": int(now) + ACCESS_SECONDS,
            "expires_in": ACCESS_SECONDS,
            "client_endpoint": self.rest_url,
            "server_endpoint": f"{self.oauth_url}/rest/",
            "domain": self.oauth_url.split("//")[1],
            "member_id": self.member_id,
            "scope": self.scope,
            "status": self.status,
            "user_id": user_id,
        }

    def expire_tokens(self) -> None:
        """Let every access token issued so far be expired."""
        for token in self.access.values():
            token.expires = 0.0

    def issue_code(self, user_id: int = 1) -> str:
        """An authorization code of a user."""
        code = secrets.token_hex(16)
        self.codes[code] = Token(user_id, self.clock.now() + CODE_SECONDS)
        return code

    def frame_post(
        self, user_id: int = 1, legacy: bool = False, placement: str = "DEFAULT", lang: str = "", domain: str = ""
    ) -> tuple[dict[str, str], dict[str, str]]:
        """Query and body with which this portal opens the application in its frame.

        `domain` is the name by which the browser has opened the portal, where it is not the registered one.
        """
        self.activate()
        query = {
            "DOMAIN": domain or self.domain,
            "PROTOCOL": "0",
            "LANG": lang or self.language,
            "APP_SID": secrets.token_hex(16),
        }
        tokens = self.issue_tokens(user_id)
        body = {
            "AUTH_ID": tokens["access_token"],
            "AUTH_EXPIRES": str(tokens["expires_in"]),
            "REFRESH_ID": tokens["refresh_token"],
            "SERVER_ENDPOINT": tokens["server_endpoint"],
            "APPLICATION_TOKEN": self.application_token,
            "APPLICATION_SCOPE": self.scope,
            "member_id": self.member_id,
            "status": self.status,
            "PLACEMENT": placement,
        }
        if legacy:
            for key in ("SERVER_ENDPOINT", "APPLICATION_TOKEN", "APPLICATION_SCOPE"):
                del body[key]
        return query, body

    def let_in(self, address: str) -> bool:
        """Whether the rate limiter lets a request from this address in."""
        if self.plan is None:
            return True
        bucket = self.buckets.setdefault(address, Leaky(*PLANS[self.plan]))
        return bucket.take(self.clock.now())

    def operating_of(self, method: str, webhook: bool = False) -> Operating:
        """The operating time of a method of our application, or of the webhook."""
        found = self.operating.setdefault((method, webhook), Operating(self.operating_limit))
        found.limit = self.operating_limit
        return found
