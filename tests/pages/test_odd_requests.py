"""Requests that no browser makes: answered in short, and no noise in the log."""

import pytest

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("host", ["", "a b", "a..b", "[::", "a" * 3000, "evil.example/../"])
def test_an_odd_host_makes_no_noise(client, caplog, host):
    answer = client.get("/in/x/", headers={"Host": host})
    assert answer.status_code in (400, 404)
    assert [record.levelname for record in caplog.records if record.levelname in ("ERROR", "CRITICAL")] == []
