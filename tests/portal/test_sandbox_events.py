"""The application's life on a sandbox portal, and the events of it."""

import http.server
import threading
import time
from urllib.parse import parse_qsl

import pytest

from tests.sandbox import events


@pytest.fixture
def receiver():
    """A handler of events: its address, and what came in order. Answers 500, which changes nothing."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            came.append((self.headers["Content-Type"], dict(parse_qsl(body, keep_blank_values=True))))
            self.send_response(500)
            self.end_headers()

        def log_message(self, *args):
            pass

    came = []
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        server.came = came
        server.address = f"http://127.0.0.1:{server.server_port}/events/"
        yield server
        server.shutdown()


@pytest.fixture
def bound(ask, receiver, sandbox):
    """The receiver is bound to both events; `bound(n)` waits until n have come and returns them."""
    for event in ("ONAPPINSTALL", "ONAPPUNINSTALL"):
        assert ask("event.bind", EVENT=event, HANDLER=receiver.address).json()["result"] is True

    def wait(number):
        until = time.monotonic() + 5
        while len(receiver.came) < number and time.monotonic() < until:
            time.sleep(0.005)
        assert len(receiver.came) == number
        return [fields for _, fields in receiver.came]

    yield wait
    sandbox.event_delay = 0.0


def test_the_finished_installation_is_told_with_both_tokens(bound, portal, sandbox):
    sandbox.install(portal)
    sandbox.finish_install(portal)
    (fields,) = bound(1)
    assert (fields["event"], fields["data[INSTALLED]"], fields["data[LANGUAGE_ID]"]) == ("ONAPPINSTALL", "Y", "en")
    assert portal.access[fields["auth[access_token]"]].user == int(fields["auth[user_id]"])
    assert fields["auth[refresh_token]"] in portal.refresh


def test_an_event_says_whose_it_is(bound, receiver, portal, sandbox):
    sandbox.finish_install(portal)
    (fields,) = bound(1)
    assert receiver.came[0][0] == "application/x-www-form-urlencoded"
    assert (fields["auth[domain]"], fields["auth[member_id]"]) == (portal.domain, portal.member_id)
    assert fields["auth[application_token]"] == portal.application_token
    assert fields["auth[server_endpoint]"] == f"{sandbox.oauth_url}/rest/"
    assert fields["auth[client_endpoint]"] == portal.rest_url
    assert (fields["auth[scope]"], fields["auth[expires_in]"]) == ("crm,placement,im", "3600")
    assert abs(int(fields["ts"]) - time.time()) < 5
    assert fields["event_handler_id"] == "41"


@pytest.mark.parametrize("clean", [True, False])
def test_the_uninstallation_is_told_without_tokens(bound, portal, sandbox, clean):
    portal.user_options[1] = {"a": "1"}
    sandbox.uninstall(portal, clean=clean)
    (fields,) = bound(1)
    assert (fields["event"], fields["data[CLEAN]"]) == ("ONAPPUNINSTALL", "1" if clean else "0")
    assert fields["auth[application_token]"] == portal.application_token
    assert not {"auth[access_token]", "auth[refresh_token]", "auth[expires]"} & set(fields)
    assert portal.user_options == ({} if clean else {1: {"a": "1"}})


def test_a_silent_uninstallation_sends_nothing(bound, portal):
    assert events.uninstall(portal, clean=True, silent=True) == []


def test_an_uninstallation_is_found_by_the_next_call(ask, portal, sandbox):
    sandbox.uninstall(portal, silent=True)
    assert ask("profile").json()["error"] == "APPLICATION_NOT_FOUND"


@pytest.mark.parametrize("flag", ["payment_ended", "installed", "active"])
def test_no_event_comes_of_a_portal_that_is_not_paid_or_installed(bound, portal, flag):
    setattr(portal, flag, flag == "payment_ended")
    assert events.uninstall(portal, clean=False, silent=False) == []


def test_a_failed_event_is_not_sent_again(bound, portal, sandbox):
    sandbox.finish_install(portal)
    bound(1)
    time.sleep(0.05)
    assert len(bound(1)) == 1
    assert sandbox.events_sent[0]["status"] == 500


def test_a_handler_that_is_away_harms_nobody(portal, sandbox):
    sandbox.wait(sandbox.send(portal, [("http://127.0.0.1:1/", "event=ONAPPTEST"), ("no address", "event=X")]))
    until = time.monotonic() + 5
    while len(sandbox.events_sent) < 2 and time.monotonic() < until:
        time.sleep(0.005)
    assert [sent["status"] for sent in sandbox.events_sent] == [0, 0]


def test_events_can_overtake_each_other(bound, portal, sandbox):
    sandbox.event_delay = 0.1
    sandbox.finish_install(portal)
    sandbox.event_delay = 0.0
    sandbox.uninstall(portal)
    assert [fields["event"] for fields in bound(2)] == ["ONAPPUNINSTALL", "ONAPPINSTALL"]


def test_an_update_stops_the_events_until_the_page_was_opened(bound, ask, portal, sandbox):
    sandbox.update(portal, 2)
    info = ask("app.info").json()["result"]
    assert (info["VERSION"], info["INSTALLED"]) == (2, False)
    assert [binding["event"] for binding in portal.bindings] == ["ONAPPUNINSTALL"]
    assert events.uninstall(portal, clean=False, silent=False) == []


@pytest.mark.parametrize("event", ["ONAPPINSTALL", "ONAPPUPDATE", "ONSUBSCRIPTIONRENEW", "ONAPPTEST"])
def test_these_events_carry_tokens(portal, event):
    assert "auth%5Brefresh_token%5D=" in events.body(portal, event, {})


@pytest.mark.parametrize("event", ["ONAPPUNINSTALL", "ONAPPPAYMENT", "ONAPPMETHODCONFIRM"])
def test_these_events_carry_none(portal, event):
    assert "_token%5D=" in events.body(portal, event, {}).replace("application", "")
    assert not {"auth[access_token]", "auth[refresh_token]"} & set(dict(parse_qsl(events.body(portal, event, {}))))


# --- Binding ------------------------------------------------------------------------------------------------

URL = "https://app.example/events/"


@pytest.mark.parametrize(
    ("params", "error"),
    [
        ({"HANDLER": URL}, "ERROR_ARGUMENT"),
        ({"EVENT": "ONAPPINSTALL"}, "ERROR_ARGUMENT"),
        ({"EVENT": "ONNOTHING", "HANDLER": URL}, "ERROR_EVENT_NOT_FOUND"),
        ({"EVENT": "ONAPPINSTALL", "HANDLER": "ftp://app.example"}, "ERROR_UNSUPPORTED_PROTOCOL"),
        ({"EVENT": "ONAPPINSTALL", "HANDLER": "https://localhost/x"}, "ERROR_WRONG_HANDLER_URL"),
    ],
)
def test_a_wrong_binding_has_its_error(ask, params, error):
    answer = ask("event.bind", **params)
    assert (answer.status_code, answer.json()["error"]) == (400, error)


def test_a_second_binding_is_refused(ask):
    ask("event.bind", event="OnAppInstall", handler=URL)
    answer = ask("event.bind", EVENT="ONAPPINSTALL", HANDLER=URL)
    assert answer.json()["error_description"] == "Unable to set event handler: Handler already binded"


def test_bindings_are_listed_and_removed(ask):
    ask("event.bind", EVENT="ONAPPINSTALL", HANDLER=URL)
    listed = [{"event": "ONAPPINSTALL", "handler": URL, "auth_type": "0", "offline": 0}]
    assert ask("event.get").json()["result"] == listed
    assert ask("event.unbind", EVENT="OnAppInstall", HANDLER=URL).json()["result"] == {"count": 1}
    assert ask("event.get").json()["result"] == []


# --- Opening the application --------------------------------------------------------------------------------


def test_a_frame_is_opened_with_the_portal_in_the_query_and_the_tokens_in_the_body(portal):
    query, body = portal.frame_post(2, lang="de")
    assert (query["DOMAIN"], query["PROTOCOL"], query["LANG"], len(query["APP_SID"])) == (portal.domain, "0", "de", 32)
    assert portal.access[body["AUTH_ID"]].user == portal.refresh[body["REFRESH_ID"]].user == 2
    assert (body["member_id"], body["status"], body["PLACEMENT"]) == (portal.member_id, "L", "DEFAULT")
    assert body["APPLICATION_TOKEN"] == portal.application_token


def test_an_older_portal_leaves_three_fields_out(portal):
    _, body = portal.frame_post(legacy=True)
    assert not {"SERVER_ENDPOINT", "APPLICATION_TOKEN", "APPLICATION_SCOPE"} & set(body)
