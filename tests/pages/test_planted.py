"""Secrets and personal values go all the way, and stay where they must: no other place has any of them.

Each guard is switched off in turn, and then something is found: so what finds nothing would find it.
"""

import logging

import pytest
from django.core import mail
from django.db import connection
from django.test import Client
from django.urls import reverse

from b24app.api.errors import PortalError
from b24app.host import encryption
from b24app.models import Portal
from b24app.pace import counters
from b24app.portal import calls
from tests.fixtures.delivery import finish
from tests.fixtures.planted import Listener, Places, database_files, database_text, new_mark, personal, refused, taken
from tests.fixtures.product import Frame
from tests.sandbox import events
from traces import admin as operator
from traces.delivery import drain, exchange
from traces.intake import accept, kept_fields, views
from traces.models import Preferences, Submission
from traces.setup import forms

pytestmark = pytest.mark.django_db(transaction=True)


class Walk:
    """One way through the product, and what is found of it."""

    def __init__(self, sandbox, portal, redis, caplog, settings, admin_client):
        caplog.set_level(logging.DEBUG)
        self.sandbox, self.portal, self.caplog, self.admin = sandbox, portal, caplog, admin_client
        self.mark = new_mark()
        self.said = personal(self.mark)
        self.places = Places()
        self.listener = Listener(settings.REDIS_URL)
        self.client = Client(REMOTE_ADDR=self.said["address of the machine"], raise_request_exception=False)
        self.secrets = {
            "metrics token": f"metricstoken{self.mark}",
            "mail server password": f"mailpassword{self.mark}",
            "client secret": sandbox.client_secret,
            "secret key": settings.SECRET_KEY,
        }
        settings.METRICS_TOKEN = self.secrets["metrics token"]
        settings.EMAIL_HOST_PASSWORD = self.secrets["mail server password"]

    def go(self):
        self.install()
        self.make_forms()
        self.send()
        self.deliver()
        self.administer()
        self.operate()
        self.tell()
        return self.leaks()

    def install(self):
        query, body = self.portal.frame_post()
        page = self.client.post("/b24/install/", body, query_params=query)
        assert page.status_code == 200
        self.row = Portal.objects.get()
        self.places.add("pages", page.text)
        for forged in ({"AUTH_ID": self.said["stranger token"]}, {"APPLICATION_TOKEN": self.said["wrong secret"]}):
            self.places.add("pages", self.client.post("/b24/install/", body | forged, query_params=query).text)
        self.places.add("pages", self.client.get("/b24/oauth/callback/", {"code": self.said["code"]}).text)
        event = events.body(self.portal, "ONAPPTEST", {"WORDS": self.said["portal words"]})
        self.places.add(
            "pages", self.client.generic("POST", "/b24/events/", event, "application/x-www-form-urlencoded").text
        )
        webhook = Portal.objects.create(member_id="w", domain=self.portal.domain, webhook_url=self.portal.webhook_url)
        self.sandbox.faults.add("close_before", method="profile")
        with pytest.raises(PortalError):
            calls.call(webhook, "profile", {})

    def make_forms(self):
        self.form, self.secrets["form secret"] = forms.create(self.row, name="Shop", creates="lead")
        self.busy, _ = forms.create(self.row, name="Busy", creates="trace", max_per_minute=1)
        self.secrets["form former secret"] = self.secrets["form secret"]
        self.secrets["form secret"] = forms.renew_secret(self.form)

    def post(self, request):
        form = self.busy if request.is_busy else self.form
        headers = {"User-Agent": self.said["user agent"], **request.headers}
        address = f"/in/{form.key}/{request.query}"
        answer = self.client.post(address, request.text, content_type=request.kind, headers=headers)
        assert answer.status_code == request.status
        return answer.text

    def send(self):
        *answers, kept_page = [self.post(request) for request in taken(self.said) + refused(self.said)]
        for answer in answers:
            self.places.add("answers", answer)
        # The visitor's own page has what was typed, but for what belongs into no page.
        self.places.add("kept page", kept_page.replace(self.said["refused body"], ""))

    def deliver(self):
        description = f"A lead of {self.said['portal words']} is there already"
        self.sandbox.faults.add(
            "error", code="ERROR_CORE", times=0, description=description, containing=self.said["text body"]
        )
        self.sandbox.faults.add("expired_token", method="batch")
        for row in Submission.objects.all():
            finish(row)
        states = set(Submission.objects.values_list("state", flat=True))
        assert states == {"delivered", "failed"}

    def administer(self):
        frame = Frame(self.client, self.row)
        self.secrets["session"] = frame.headers["X-Frame-Session"]
        failed = Submission.objects.filter(state="failed").first()
        frame.post(f"/b24/app/submissions/{failed.pk}/again/")
        drain.drain(self.row.pk)
        listed = frame.get("/b24/app/submissions/").text
        exported = frame.post("/b24/app/settings/export/")
        whole = b"".join(exported) if exported.streaming else exported.content
        assert self.said["name"] in whole.decode()
        tokens = Places({"administrator pages": listed + whole.decode()})
        self.pages_of_administrator = tokens
        self.places.add("status", self.status(failed))

    def status(self, row):
        headers = {"Authorization": f"Bearer {self.secrets['form secret']}"}
        answer = self.client.get(f"/in/{row.form.key}/{row.pk}/", headers=headers)
        return answer.text

    def operate(self):
        for name in ("b24app_portal", "b24app_portalevent", "traces_form", "traces_submission", "traces_unmatched"):
            page = reverse(f"admin:{name}_changelist")
            self.places.add("operator's pages", self.admin.get(page).text)
        for row in Submission.objects.all():
            self.places.add("operator's pages", self.admin.get(f"/admin/traces/submission/{row.pk}/change/").text)
        figures = self.client.get("/metrics", headers={"Authorization": f"Bearer {self.secrets['metrics token']}"})
        assert figures.status_code == 200
        self.places.add("figures", figures.text)
        for path in ("/nothing/", f"/in/{self.said['cookie'][:1]}/", "/readyz", "/healthz"):
            self.places.add("pages", self.client.get(path).text)

    def tell(self):
        Preferences.objects.update_or_create(
            portal=self.row, defaults={"notify": "email", "notify_email": f"boss.{self.mark}@portal.example"}
        )
        Frame(self.client, self.row).post("/b24/app/settings/notices/test/")
        self.places.add("letters", "".join(letter.subject + letter.body for letter in mail.outbox))
        self.said["administrator e-mail"] = f"boss.{self.mark}@portal.example"

    def leaks(self):
        self.places.add("database", database_text())
        connection.close()
        self.places.add("database's file", database_files())
        self.places.add("Redis", self.listener.text())
        self.places.add("log", self.caplog.text)
        tokens = {*self.portal.access, *self.portal.refresh, self.portal.application_token, self.portal.webhook_code}
        self.secrets |= {f"token {number}": token for number, token in enumerate(sorted(tokens))}
        found = self.places.leaks(self.said | self.secrets)
        return found | self.pages_of_administrator.leaks(self.secrets)


@pytest.fixture
def walk(wired, sandbox, portal, redis, caplog, settings, admin_client):
    return Walk(sandbox, portal, redis, caplog, settings, admin_client)


def test_nothing_that_was_planted_is_found_where_it_must_not_be(walk):
    assert walk.go() == set()
    assert len(walk.said | walk.secrets) >= 40


def as_it_is(*texts):
    return texts[-1]


def joined(*texts):
    return ":".join(texts)


# What is taken away, what stands in its place, and where something is found then.
GUARDS = {
    "encryption": (encryption, "encrypted", as_it_is, {"database", "database's file"}),
    "a key is stored as a digest": (accept, "fingerprint", as_it_is, {"database", "database's file"}),
    "a form's secret is stored as a hash": (forms, "_digest", as_it_is, {"database", "database's file"}),
    "an exchange keeps kinds": (exchange, "shape", lambda name, value, depth=0: value, {"database", "database's file"}),
    "Redis gets digests": (counters, "digest", joined, {"Redis"}),
    "operators see masks": (operator, "masked", as_it_is, {"operator's pages"}),
    "a status has masks": (views, "masked", as_it_is, {"status"}),
    "no password in a page": (kept_fields, "_SECRET", (), {"kept page"}),
}


@pytest.mark.parametrize("name", GUARDS)
def test_without_a_guard_something_is_found(walk, monkeypatch, name):
    place, attribute, instead, where = GUARDS[name]
    monkeypatch.setattr(place, attribute, instead)
    assert {found for found, _planted in walk.go()} == (
        where if connection.vendor == "sqlite" else where - {"database's file"}
    )


def test_with_the_networks_own_log_something_is_found(walk, monkeypatch):
    for name in ("urllib3", "oauthlib", "requests_oauthlib"):
        monkeypatch.setattr(logging.getLogger(name), "level", logging.DEBUG)
        logging.getLogger(name).manager._clear_cache()
    assert {found for found, _planted in walk.go()} == {"log"}
    logging.getLogger("urllib3").manager._clear_cache()
