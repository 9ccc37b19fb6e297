"""Requests that no browser makes: answered in short, and no noise in the log."""

from urllib.parse import urlencode

import pytest

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("host", ["", "a b", "a..b", "[::", "a" * 3000, "evil.example/../"])
def test_an_odd_host_makes_no_noise(client, caplog, host):
    answer = client.get("/in/x/", headers={"Host": host})
    assert answer.status_code in (400, 404)
    assert [record.levelname for record in caplog.records if record.levelname in ("ERROR", "CRITICAL")] == []


@pytest.mark.parametrize("path", ["/b24/events/", "/b24/install/", "/admin/login/"])
@pytest.mark.parametrize("data", [{f"a{number}": "1" for number in range(300)}, {"a": "x" * 100_000}], ids=len)
def test_too_much_of_anything_makes_none(client, caplog, path, data):
    answer = client.post(path, urlencode(data), content_type="application/x-www-form-urlencoded")
    assert 400 <= answer.status_code < 500
    assert [record.levelname for record in caplog.records if record.levelname in ("ERROR", "CRITICAL")] == []
