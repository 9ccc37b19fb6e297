"""Each reason for a hold: caused on the sandbox portal, told in both languages, and its remedy followed to the end.

The time is moved by moving the portal's next probe; how long that was is counted. `tests/holds_page.py` lists them all.
"""

import io
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from cryptography.fernet import Fernet
from django.core import mail
from django.core.management import call_command
from django.utils import timezone, translation

from b24app.api import remedies
from b24app.models import Portal
from b24app.portal import install
from tests.fixtures.forms import make_form
from tests.fixtures.odd_servers import certificate, relay, serving, tls
from tests.holds_page import APPLICATION, HOLDS, PROBE, WEBHOOK
from tests.sandbox.portal import Portal as SandboxPortal
from traces.delivery import drain
from traces.models import Preferences, Submission
from traces.monitoring import notices

pytestmark = pytest.mark.django_db
SUBSCRIPTION = "REST is available only by subscription."
CONTEXT = "Current user can't be authorized in this context"
FAILED_PROBES = 7


@dataclass
class World:
    """What a reason is caused in: the sandbox with its portal, our row of it, and servers with TLS before it."""

    sandbox: Any
    portal: SandboxPortal
    row: Portal
    settings: Any
    folder: Any
    tls_port: int
    tls: Any

    def fault(self, kind, **options):
        """Each request to the portal meets this fault."""
        self.sandbox.faults.add(kind, times=0, portal=self.portal.name, **options)

    def error(self, code, description="", status=401):
        """Each request to the portal gets this error."""
        self.fault("error", code=code, description=description, status=status)

    def mend(self):
        """The portal is well again."""
        self.sandbox.faults.clear()

    def open(self, user=1):
        """An administrator opens the application."""
        self.mend()
        install.open_frame(install.claim_of_frame(*self.portal.frame_post(user_id=user)))

    def add(self, url=""):
        """The webhook is added to Trace Relay again, with another address."""
        self.mend()
        call_command("portal_add_webhook", url or self.portal.webhook_url, stdout=io.StringIO(), stderr=io.StringIO())

    @property
    def secure_url(self):
        """The webhook's address with https."""
        return self.portal.webhook_url.replace(f"http://127.0.0.1:{self.portal.port}", self.secure)

    @property
    def secure(self):
        return f"https://127.0.0.1:{self.tls_port}"

    def call_by_https(self, **facts):
        """The portal is called by https, and has a certificate with these `facts`; returns the authority's file."""
        authority, self.pair = certificate(self.folder)
        self.certify(**facts)
        Portal.objects.filter(pk=self.row.pk).update(webhook_url=self.secure_url)
        return str(authority)

    def certify(self, **facts):
        """The portal's server gets a certificate."""
        self.tls.load_cert_chain(certificate(self.folder, issuer=self.pair, **facts)[0])


def error(*args, **kwargs):
    return lambda world: world.error(*args, **kwargs)


def redirect(url):
    return lambda world: world.fault("redirect", url=url.format(world.portal.domain))


def set_on_portal(**facts):
    def cause(world):
        for name, value in facts.items():
            setattr(world.portal, name, value)

    return cause


def expired_certificate(world):
    world.settings.B24_CA_FILE = world.call_by_https(days=-1)


def unknown_authority(world):
    world.authority = world.call_by_https()


def name_authority(world):
    world.settings.B24_CA_FILE = world.authority


def private_address(world):
    world.settings.B24_CA_FILE = world.call_by_https()
    world.settings.B24_ALLOW_INSECURE_PORTALS = False


def name_private_host(world):
    world.settings.B24_PRIVATE_HOSTS = {"127.0.0.1"}


def plain_http(world):
    world.settings.B24_ALLOW_INSECURE_PORTALS = False


def add_https(world):
    world.settings.B24_CA_FILE = world.call_by_https()
    world.settings.B24_PRIVATE_HOSTS = {"127.0.0.1"}
    # Elsewhere http and https of one host have ports of their own, which name no other portal.
    Portal.objects.filter(pk=world.row.pk).update(domain=world.secure.removeprefix("https://"))
    world.add(world.secure_url)


def dismiss(world):
    world.portal.fire_user(1)


def lose_rights(world):
    world.portal.users[1].crm = False


def give_rights(world):
    world.portal.users[1].crm = True


def add_anothers(world):
    world.portal.edit_webhook(2)
    world.add()


def keep_out(world):
    world.portal.users[1].in_context = False


def let_in(world):
    world.portal.users[1].in_context = True


def lose_key(world):
    world.settings.FIELD_ENCRYPTION_KEYS = [Fernet.generate_key().decode()]


def mistype_client_secret(world):
    world.settings.B24_CLIENT_SECRET = "mistyped"
    world.portal.expire_tokens()


def correct_client_secret(world):
    world.settings.B24_CLIENT_SECRET = world.sandbox.client_secret


OWN_PAGE = ("/bitrix/coupon_activation.php", "http://{}/bitrix/coupon_activation.php", "/closed.html")
MEND, OPEN, ADD = World.mend, World.open, World.add
WAYS = {
    ("payment_required", APPLICATION): (set_on_portal(payment_ended=True), set_on_portal(payment_ended=False)),
    ("plan", APPLICATION): (set_on_portal(plan_without_rest=True), set_on_portal(plan_without_rest=False)),
    ("market_subscription", APPLICATION): (error("ACCESS_DENIED", SUBSCRIPTION), MEND),
    ("licence", APPLICATION): (redirect(OWN_PAGE[0]), MEND),
    ("redirected", APPLICATION): (redirect(OWN_PAGE[2]), MEND),
    ("overload_limit", APPLICATION): (set_on_portal(blocked=True), set_on_portal(blocked=False)),
    ("portal_deleted", APPLICATION): (set_on_portal(stopped=True), set_on_portal(stopped=False)),
    ("portal_off", APPLICATION): (lambda world: world.fault("html_404"), MEND),
    ("disk_quota", APPLICATION): (set_on_portal(disk_full=True), set_on_portal(disk_full=False)),
    ("insufficient_scope", APPLICATION): (set_on_portal(scope="placement"), set_on_portal(scope="crm,placement")),
    ("not_installed", APPLICATION): (set_on_portal(active=False), OPEN),
    ("invalid_client", APPLICATION): (mistype_client_secret, correct_client_secret),
    ("no_administrator", APPLICATION): (dismiss, lambda world: world.open(user=2)),
    ("no_rights", APPLICATION): (lose_rights, give_rights),
    ("not_allowed", APPLICATION): (keep_out, let_in),
    ("key_missing", APPLICATION): (lose_key, OPEN),
    ("invalid_token", APPLICATION): (error("invalid_token"), OPEN),
    ("moved", APPLICATION): (redirect("http://elsewhere.example/rest/"), OPEN),
    ("plan", WEBHOOK): (set_on_portal(plan_without_rest=True), set_on_portal(plan_without_rest=False)),
    ("market_subscription", WEBHOOK): (error("ACCESS_DENIED", SUBSCRIPTION), MEND),
    ("licence", WEBHOOK): (redirect(OWN_PAGE[1]), MEND),
    ("portal_deleted", WEBHOOK): (set_on_portal(stopped=True), set_on_portal(stopped=False)),
    ("portal_off", WEBHOOK): (lambda world: world.fault("html_404"), MEND),
    ("no_rights", WEBHOOK): (lose_rights, give_rights),
    ("not_allowed", WEBHOOK): (error("ACCESS_DENIED", CONTEXT), MEND),
    ("insufficient_scope", WEBHOOK): (set_on_portal(scope="placement"), set_on_portal(scope="crm,placement")),
    ("certificate", WEBHOOK): (expired_certificate, World.certify),
    ("certificate_authority", WEBHOOK): (unknown_authority, name_authority),
    ("private_address", WEBHOOK): (private_address, name_private_host),
    ("invalid_credentials", WEBHOOK): (set_on_portal(webhook_code="another"), ADD),
    ("webhook_owner_gone", WEBHOOK): (error("authorization_error", "Unable to authorize user"), add_anothers),
    ("key_missing", WEBHOOK): (lose_key, ADD),
    ("webhook_moved", WEBHOOK): (redirect("http://elsewhere.example/rest/"), ADD),
    ("plain_http", WEBHOOK): (plain_http, add_https),
    ("invalid_request", WEBHOOK): (error("INVALID_REQUEST", "Https required."), add_https),
}


@pytest.fixture
def world(request, wired, portal, settings, tmp_path):
    """The sandbox portal, connected as the test's `case` says."""
    if request.getfixturevalue("case").way == APPLICATION:
        row = request.getfixturevalue("installed")
    else:
        row = Portal.objects.create(member_id="webhook", domain=portal.domain, webhook_url=portal.webhook_url)
    context = tls(certificate(tmp_path)[0])
    with serving(relay(portal.port), context) as port:
        yield World(wired, portal, row, settings, tmp_path, port, context)


def state_of(row):
    row.refresh_from_db()
    return row.state, row.hold_code


def minutes_to_probe(row):
    """Let the time pass until the next probe, and probe. Returns the minutes."""
    row.refresh_from_db()
    minutes = (row.probe_at - timezone.now()).total_seconds() / 60
    Portal.objects.filter(pk=row.pk).update(probe_at=timezone.now(), paused_until=None)
    drain.drain(row.pk)
    return minutes


@pytest.mark.parametrize("case", HOLDS, ids=lambda case: f"{case.code}-{case.way}")
def test_the_remedy_makes_the_queue_go_on(case, world, make_submission):
    cause, follow = WAYS[case.code, case.way]
    row, form = world.row, make_form(world.row, creates="lead")
    cause(world)
    for _ in range(2):
        make_submission(form=form, body={"NAME": "Anna"})
    drain.drain(row.pk)
    assert state_of(row) == ("held", case.code)
    held_since = row.held_since
    for _ in range(FAILED_PROBES):
        assert minutes_to_probe(row) <= 61
        assert (state_of(row), row.held_since) == (("held", case.code), held_since)
    assert set(Submission.objects.values_list("state", "tries")) == {("queued", 0)}
    follow(world)
    if case.goes_on == PROBE:
        assert 55 < minutes_to_probe(row) <= 60
    else:
        assert state_of(row) == ("active", "")
        drain.drain(row.pk)
    drain.drain(row.pk)
    assert set(Submission.objects.values_list("state", flat=True)) == {"delivered"}
    assert state_of(row) == ("active", "")


@pytest.mark.parametrize("language", ["en", "ru"])
@pytest.mark.parametrize("case", HOLDS, ids=lambda case: f"{case.code}-{case.way}")
def test_the_remedy_is_told_in_the_readers_language(case, language, acme):
    acme.language, acme.webhook_url = language, "https://acme.example/rest/1/code/" if case.way == WEBHOOK else ""
    acme.state, acme.hold_code, acme.held_since = "held", case.code, timezone.now() - timedelta(hours=1)
    acme.save()
    Preferences.objects.create(portal=acme, notify="email", notify_email="me@shop.example")
    notices.look(timezone.now())
    remedy = remedies.of(case.code, case.way == WEBHOOK)
    with translation.override(language):
        assert str(remedy.happened) in mail.outbox[0].body and str(remedy.todo) in mail.outbox[0].body


@pytest.mark.parametrize("code", sorted(remedies.REMEDIES))
def test_no_webhook_is_told_to_open_an_application(code):
    remedy = remedies.of(code, by_webhook=True)
    if code not in {"forbidden", "feature_missing", "confirmation_waiting", "invalid_client"}:
        assert "application" not in str(remedy.todo).lower()
