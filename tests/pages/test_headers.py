"""The headers of every kind of page, by a table."""

import re

import pytest
from django.contrib.auth.models import User

from b24app.models import Portal
from tests.fixtures.product import Frame
from tests.fixtures.sandbox import event_body

pytestmark = pytest.mark.django_db
NOBODY, ANYBODY = ["'none'"], ["https:"]
NO_OTHER_SCRIPTS = {
    "default-src": ["'none'"],
    "script-src": ["'self'"],
    "style-src": ["'self'"],
    "base-uri": ["'none'"],
}
HTML = [
    # how it is asked for, its status, who may frame it
    ("get", "/b24/app/", 200, NOBODY),
    ("get", "/b24/install/", 200, NOBODY),
    ("post", "/b24/app/", 403, ANYBODY),  # says inside a portal why it cannot be proven
    ("post", "/b24/install/", 403, ANYBODY),
    ("get", "/b24/oauth/callback/", 400, NOBODY),
    ("get", "/b24/app/overview/", 401, NOBODY),
    ("post", "/b24/app/settings/export/", 401, ANYBODY),  # a download whose session is over, inside the portal
    ("get", "/in/KEY/thanks/", 200, NOBODY),
    ("get", "/admin", 301, NOBODY),
    ("get", "/admin/", 302, NOBODY),
    ("get", "/admin/login/", 200, NOBODY),
    ("post", "/admin/login/", 200, NOBODY),
    ("get", "/nowhere/", 404, NOBODY),
]
OTHERS = ["/healthz", "/readyz", "/metrics", "/b24/events/", "/in/KEY/", "/in/KEY.js", "/static/b24app/app.css"]


def policy(answer):
    parts = (part.split() for part in answer["Content-Security-Policy"].split(";"))
    return {name: sources for name, *sources in parts}


def check(answer, ancestors):
    """The headers that every answer has."""
    found = policy(answer)
    assert {name: found[name] for name in NO_OTHER_SCRIPTS} == NO_OTHER_SCRIPTS
    assert (found["frame-ancestors"], found["form-action"]) == (ancestors, ["'self'"])
    assert answer.get("X-Frame-Options") == ("DENY" if ancestors == NOBODY else None)
    assert (answer["X-Content-Type-Options"], answer["Referrer-Policy"]) == ("nosniff", "same-origin")
    assert {"camera=()", "geolocation=()", "microphone=()"} <= set(answer["Permissions-Policy"].split(", "))
    assert answer["Cross-Origin-Opener-Policy"] == "same-origin"


@pytest.mark.parametrize(("method", "path", "status", "ancestors"), HTML)
def test_a_page_may_be_framed_by_whom_it_says_and_runs_our_scripts_alone(client, form, method, path, status, ancestors):
    answer = getattr(client, method)(path.replace("KEY", form.key))
    assert answer.status_code == status
    check(answer, ancestors)


@pytest.mark.parametrize("path", OTHERS)
def test_an_answer_that_is_no_page_has_them_as_well(client, form, path):
    answer = client.get(path.replace("KEY", form.key))
    answer.close()  # a file, where it is one
    assert (answer.status_code, answer["Content-Type"].startswith("text/html")) == (200, False)
    check(answer, NOBODY)


@pytest.mark.parametrize("path", ["overview", "sources", "forms", "submissions", "settings", "health"])
def test_a_page_in_the_portals_frame_may_be_framed_by_it_alone(client, acme, path):
    check(Frame(client, acme).get(f"/b24/app/{path}/"), ["https://acme.example"])


def test_so_may_one_that_is_not_for_its_reader(client, acme):
    check(Frame(client, acme, admin=False).get("/b24/app/forms/"), ["https://acme.example"])


def test_an_opening_and_an_installation_may_be_framed_by_the_proven_portal(client, wired, portal):
    for path in ("/b24/install/", "/b24/app/"):
        query, body = portal.frame_post()
        check(client.post(path, body, query_params=query), [f"http://{portal.domain}"])


def test_an_event_has_them_as_well(client, wired, portal):
    check(client.post("/b24/events/", event_body(portal, "ONAPPUNINSTALL")), NOBODY)


def test_the_operators_pages_hold_no_script_or_style_that_the_policy_stops(client, acme):
    client.force_login(User.objects.create_superuser("op"))
    Portal.objects.update(state="held", hold_code="plan")
    for path in ("/admin/", "/admin/b24app/portal/", f"/admin/b24app/portal/{acme.pk}/change/"):
        answer = client.get(path)
        check(answer, NOBODY)
        assert (
            re.findall(r"<script(?![^>]* (?:src|type=\"application/json\"))[^>]*>|<style|\son\w+=", answer.text) == []
        )


@pytest.mark.parametrize(("scheme", "said"), [("https", True), ("http", False)])
def test_https_is_to_stay_where_it_was_used(client, form, scheme, said):
    answer = client.get(f"/in/{form.key}/", headers={"X-Forwarded-Proto": scheme})
    assert ("max-age=31536000" in answer.get("Strict-Transport-Security", "")) == said
