"""The seam to the network: what is refused before anything is sent, and what each failure means."""

import ssl
import threading
import time
import zlib

import pytest
import requests
from urllib3.exceptions import ProtocolError

from b24app.api import bounded, errors, oauth, resolving, rest, transport
from tests.fixtures.odd_servers import OK, certificate, pour, say, serving, tls, trickle, tunnel

GOOD = OK + b'Content-Length: 13\r\n\r\n{"result": 7}'


@pytest.fixture
def permitted(settings):
    """Http and private addresses are permitted."""
    settings.B24_ALLOW_INSECURE_PORTALS = True


def get(url, seconds=5.0):
    return transport.send("GET", url, read_seconds=seconds)


def test_plain_http_is_refused_with_a_reason(settings):
    settings.B24_ALLOW_INSECURE_PORTALS = False
    with pytest.raises(errors.Stop, match="plain_http"):
        get("http://127.0.0.1:9/")


def test_an_address_of_a_private_network_is_refused_with_a_reason(settings, sandbox):
    settings.B24_ALLOW_INSECURE_PORTALS = False
    for host in ("127.0.0.1", "localhost"):
        with pytest.raises(errors.Stop, match="private_address"):
            get(sandbox.oauth_url.replace("http", "https").replace("127.0.0.1", host))


@pytest.mark.parametrize(
    ("address", "permitted"),
    [
        ("10.0.0.1", False),
        ("169.254.169.254", False),
        ("127.0.0.1", False),
        ("::1", False),
        ("fe80::1%eth0", False),
        ("::ffff:10.0.0.1", False),
        ("::10.0.0.1", False),
        ("64:ff9b::10.0.0.1", False),
        ("64:ff9b:1::8.8.8.8", False),
        ("2002:a00:1::", False),
        ("64:ff9b::8.8.8.8", True),
        ("8.8.8.8", True),
        ("2001:4860:4860::8888", True),
    ],
)
def test_which_addresses_may_be_reached(settings, address, permitted):
    settings.B24_ALLOW_INSECURE_PORTALS = False
    settings.B24_PRIVATE_HOSTS = {"portal.company.example"}
    assert bounded._may_be_reached("acme.example", address) is permitted
    assert bounded._may_be_reached("Portal.company.example.", address)


@pytest.mark.parametrize("name", ["127.0.0.1", "2130706433", "0x7f.1", "127.1", "localhost", "0"])
def test_not_even_a_connection_is_made_to_a_private_network(settings, monkeypatch, name):
    settings.B24_ALLOW_INSECURE_PORTALS = False
    monkeypatch.setattr(bounded, "addresses_of", lambda host, port: resolving.addresses_of(host, port, 5.0))
    connected = []
    with serving(lambda connection, asked, over: connected.append(asked)) as port:
        for url in (f"https://{name}:{port}/", f"https://{name}.:{port}/rest/"):
            with pytest.raises((errors.Stop, errors.Transient)):
                get(url, seconds=1.0)
    assert connected == []


def test_a_host_that_the_operator_names_may_have_a_private_address(settings, tmp_path):
    path, _ = certificate(tmp_path)
    settings.B24_ALLOW_INSECURE_PORTALS = False
    settings.B24_PRIVATE_HOSTS, settings.B24_CA_FILE = {"127.0.0.1"}, str(path)
    with serving(say(GOOD), tls(path)) as port:
        assert get(f"https://127.0.0.1:{port}/").json() == {"result": 7}


def test_the_well_known_authorities_stay_known_beside_the_operators(settings, tmp_path):
    settings.B24_CA_FILE = str(certificate(tmp_path)[0])
    known = bounded._trust("").cert_store_stats()["x509_ca"]
    assert bounded._trust(settings.B24_CA_FILE).cert_store_stats()["x509_ca"] == known + 1


@pytest.mark.usefixtures("permitted")
def test_the_operators_proxy_is_asked(settings):
    with serving(say(GOOD)) as port:
        settings.B24_PROXY = f"http://127.0.0.1:{port}"
        assert get("http://portal.example/rest/profile").json() == {"result": 7}


@pytest.mark.parametrize("is_private", [False, True])
def test_a_portal_with_tls_is_reached_through_the_proxy(settings, tmp_path, is_private):
    """The proxy decides where a name leads; an address that is a number is looked at all the same."""
    path, _ = certificate(tmp_path)
    settings.B24_ALLOW_INSECURE_PORTALS = False
    settings.B24_PRIVATE_HOSTS, settings.B24_CA_FILE = set() if is_private else {"127.0.0.1"}, str(path)
    with serving(say(GOOD), tls(path)) as port, serving(tunnel) as proxy:
        settings.B24_PROXY = f"http://127.0.0.1:{proxy}"
        if is_private:
            with pytest.raises(errors.Stop, match="private_address"):
                get(f"https://127.0.0.1:{port}/")
        else:
            assert get(f"https://127.0.0.1:{port}/").json() == {"result": 7}


@pytest.mark.usefixtures("permitted")
def test_a_refused_connection_is_transient():
    with pytest.raises(errors.Transient):
        get("http://127.0.0.1:9/")


@pytest.mark.usefixtures("permitted")
@pytest.mark.parametrize("kind", ["hang", "close_before", "close_after"])
def test_no_answer_after_sending_is_ambiguous(sandbox, portal, kind):
    sandbox.faults.add(kind, seconds=1.0)
    with pytest.raises(errors.Ambiguous):
        transport.send("POST", portal.rest_url + "profile", read_seconds=0.3)


@pytest.mark.usefixtures("permitted")
def test_an_error_never_holds_the_address():
    with pytest.raises(errors.Transient) as caught:
        get("http://127.0.0.1:9/rest/1/secretcode/profile")
    assert "secretcode" not in repr(caught.value)
    assert caught.value.__cause__ is None


def test_an_address_of_a_private_network_is_told_by_its_class_not_by_its_words():
    private, words = bounded.PrivateAddress("10.0.0.1"), OSError("PrivateAddress")
    with pytest.raises(errors.Stop, match="private_address"), transport.exchange(1):
        raise requests.ConnectionError(ProtocolError("Connection aborted.", private))
    with pytest.raises(errors.Ambiguous), transport.exchange(1):
        raise requests.ConnectionError(ProtocolError("Connection aborted.", words))


def test_a_connection_lost_after_another_was_refused_is_ambiguous():
    with pytest.raises(errors.Ambiguous), transport.exchange(1):
        try:
            raise bounded.PrivateAddress("10.0.0.1")
        except OSError:
            raise requests.ConnectionError(ProtocolError("Connection aborted.", ConnectionResetError()))  # noqa: B904


# --- Certificates -------------------------------------------------------------------------------


@pytest.mark.usefixtures("permitted")
@pytest.mark.parametrize(
    ("facts", "is_known", "reason"),
    [
        ({"days": 30}, False, "certificate_authority"),
        ({"days": -1}, True, "certificate"),
        ({"name": "127.0.0.2"}, True, "certificate"),
    ],
)
def test_a_bad_certificate_stops_with_what_is_wrong_with_it(settings, tmp_path, facts, is_known, reason):
    authority, pair = certificate(tmp_path)
    path, _ = certificate(tmp_path, issuer=pair, **facts)
    settings.B24_CA_FILE = str(authority) if is_known else ""
    with serving(say(GOOD), tls(path)) as port, pytest.raises(errors.Stop) as caught:
        get(f"https://127.0.0.1:{port}/")
    assert caught.value.code == reason


@pytest.mark.usefixtures("permitted")
def test_a_certificate_of_the_operators_authority_is_good(settings, tmp_path):
    authority, pair = certificate(tmp_path)
    settings.B24_CA_FILE = str(authority)
    with serving(say(GOOD), tls(certificate(tmp_path, issuer=pair)[0])) as port:
        assert get(f"https://127.0.0.1:{port}/").json() == {"result": 7}


@pytest.mark.usefixtures("permitted")
def test_a_server_without_tls_is_no_bad_certificate():
    with serving(say(b"HTTP/1.1 400 Bad Request\r\n\r\n")) as port, pytest.raises(errors.Transient):
        get(f"https://127.0.0.1:{port}/")


# --- One time for the whole exchange, and one size ----------------------------------------------


@pytest.mark.usefixtures("permitted")
@pytest.mark.parametrize(
    "first",
    [b"H", OK, OK + b"Content-Length: 100000\r\n\r\n", OK + b"Transfer-Encoding: chunked\r\n\r\n5\r\nhe"],
    ids=["status", "headers", "body", "chunks"],
)
def test_a_portal_that_answers_byte_by_byte_ends_in_time(first):
    began, threads = time.monotonic(), threading.active_count()
    with serving(trickle(first)) as port:
        with pytest.raises(errors.Ambiguous, match="timeout|connection_lost"):
            get(f"http://127.0.0.1:{port}/", seconds=0.5)
        took = time.monotonic() - began
    assert took < 2.5
    assert threading.active_count() <= threads


@pytest.mark.usefixtures("permitted")
def test_a_handshake_that_does_not_end_is_transient():
    class Never:
        def wrap_socket(self, connection, server_side):
            connection.recv(65536)
            for _ in range(100):
                connection.sendall(b"\x16")  # no handshake, a byte at a time
                time.sleep(0.05)
            raise ssl.SSLError

    with serving(say(b""), Never()) as port, pytest.raises(errors.Transient):
        get(f"https://127.0.0.1:{port}/", seconds=0.5)


@pytest.mark.usefixtures("permitted")
def test_an_answer_of_200_mb_is_left_unread(monkeypatch):
    monkeypatch.setattr(bounded, "MAX_BYTES", 256 * 1024)
    answer = pour(200 * 1024 * 1024)
    with serving(answer) as port, pytest.raises(errors.Ambiguous, match="unreadable"):
        get(f"http://127.0.0.1:{port}/")
    assert answer.sent < 50 * 1024 * 1024  # what the system's buffers took


@pytest.mark.usefixtures("permitted")
def test_a_small_answer_that_inflates_without_end_is_left_unread(monkeypatch):
    monkeypatch.setattr(bounded, "MAX_BYTES", 64 * 1024)
    packed = zlib.compress(b" " * 50_000_000)
    text = OK + b"Content-Encoding: deflate\r\nContent-Length: %d\r\n\r\n" % len(packed) + packed
    with serving(say(text)) as port, pytest.raises(errors.Ambiguous, match="unreadable"):
        get(f"http://127.0.0.1:{port}/")


@pytest.mark.usefixtures("permitted")
def test_what_follows_a_compressed_answer_is_left_unread(monkeypatch):
    monkeypatch.setattr(bounded, "MAX_BYTES", 64 * 1024)
    packed = zlib.compress(b"{}")
    text = OK + b"Content-Encoding: deflate\r\n\r\n" + packed + b" " * 200_000
    with serving(say(text)) as port, pytest.raises(errors.Ambiguous, match="unreadable"):
        get(f"http://127.0.0.1:{port}/")


@pytest.mark.usefixtures("permitted")
@pytest.mark.parametrize("size", [0, 1, 255, 256])
def test_an_answer_within_the_size_is_read_whole(monkeypatch, size):
    monkeypatch.setattr(bounded, "MAX_BYTES", 256)
    packer = zlib.compressobj(wbits=31)
    packed = packer.compress(b"7" * size) + packer.flush()
    text = OK + b"Content-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(packed) + packed
    with serving(say(text)) as port:
        assert get(f"http://127.0.0.1:{port}/").content == b"7" * size


@pytest.mark.usefixtures("permitted")
def test_a_connection_is_used_again(portal):
    for _ in range(3):
        transport.send("POST", portal.rest_url + "profile", read_seconds=5, json={})
    pools = transport._session().get_adapter("http://").poolmanager.pools._container.values()
    assert [pool.num_connections for pool in pools if pool.port == portal.port] == [1]


def test_an_answer_of_the_oauth_server_ends_in_time_too(settings, monkeypatch):
    settings.B24_ALLOW_INSECURE_PORTALS = True
    monkeypatch.setenv("OAUTHLIB_INSECURE_TRANSPORT", "1")
    monkeypatch.setattr(oauth, "READ_SECONDS", 0.4)
    with serving(trickle(OK + b"Content-Length: 9999\r\n\r\n")) as port:
        settings.B24_OAUTH_HOSTS = [f"http://127.0.0.1:{port}"]
        with pytest.raises(errors.Ambiguous):
            oauth.refresh(settings.B24_OAUTH_HOSTS[0], "planted-refresh-token")
        with pytest.raises(errors.Ambiguous):
            oauth.app_info(settings.B24_OAUTH_HOSTS[0], "planted-access-token")


def test_the_oauth_servers_certificate_holds_no_portal(settings, tmp_path):
    settings.B24_ALLOW_INSECURE_PORTALS = True
    with serving(say(GOOD), tls(certificate(tmp_path)[0])) as port:
        settings.B24_OAUTH_HOSTS = [f"https://127.0.0.1:{port}"]
        with pytest.raises(errors.Transient):
            oauth.app_info(settings.B24_OAUTH_HOSTS[0], "planted-access-token")


@pytest.mark.usefixtures("permitted")
def test_a_call_says_what_an_endless_answer_means():
    with serving(trickle(OK + b"Content-Length: 9999\r\n\r\n")) as port, pytest.raises(errors.Ambiguous):
        rest.call(f"http://127.0.0.1:{port}/rest/", "crm.lead.add", {}, read_seconds=0.3)
