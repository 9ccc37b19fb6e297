"""The seam to the network: what is refused before anything is sent, and what each failure means."""

import pytest
import requests
from urllib3.exceptions import ProtocolError

from b24app.api import errors, transport


def test_plain_http_is_refused_outside_the_sandbox(settings):
    settings.B24_ALLOW_INSECURE_PORTALS = False
    with pytest.raises(errors.Transient):
        transport.send("GET", "http://127.0.0.1:9/", read_seconds=1)


def test_an_address_of_a_private_network_is_refused(settings, sandbox):
    settings.B24_ALLOW_INSECURE_PORTALS = False
    with pytest.raises(errors.Transient):
        transport.send("GET", sandbox.oauth_url.replace("http", "https"), read_seconds=1)


def test_a_refused_connection_is_transient(settings):
    settings.B24_ALLOW_INSECURE_PORTALS = True
    with pytest.raises(errors.Transient):
        transport.send("GET", "http://127.0.0.1:9/", read_seconds=1)


@pytest.mark.parametrize("kind", ["hang", "close_before", "close_after"])
def test_no_answer_after_sending_is_ambiguous(settings, sandbox, portal, kind):
    settings.B24_ALLOW_INSECURE_PORTALS = True
    sandbox.faults.add(kind, seconds=1.0)
    with pytest.raises(errors.Ambiguous):
        transport.send("POST", portal.rest_url + "profile", read_seconds=0.3)


def test_an_error_never_holds_the_address(settings):
    settings.B24_ALLOW_INSECURE_PORTALS = True
    with pytest.raises(errors.Transient) as caught:
        transport.send("GET", "http://127.0.0.1:9/rest/1/secretcode/profile", read_seconds=1)
    assert "secretcode" not in repr(caught.value)
    assert caught.value.__cause__ is None


def test_an_address_of_a_private_network_is_told_by_its_class_not_by_its_words():
    private, words = transport.PrivateAddress("10.0.0.1"), OSError("PrivateAddress")
    with pytest.raises(errors.Transient), transport.translated():
        raise requests.ConnectionError(ProtocolError("Connection aborted.", private))
    with pytest.raises(errors.Ambiguous), transport.translated():
        raise requests.ConnectionError(ProtocolError("Connection aborted.", words))


def test_a_connection_lost_after_another_was_refused_is_ambiguous():
    with pytest.raises(errors.Ambiguous), transport.translated():
        try:
            raise transport.PrivateAddress("10.0.0.1")
        except OSError:
            raise requests.ConnectionError(ProtocolError("Connection aborted.", ConnectionResetError()))  # noqa: B904
