"""No 2xx without a committed row: each way in which a database can refuse is a 503 that loses nothing."""

import pytest
from django.db import connection, connections

from b24app import wakeups
from b24app.models import Portal
from traces import views
from traces.models import Form, Submission

pytestmark = pytest.mark.django_db(transaction=True)
sqlite_only = pytest.mark.skipif("connection.vendor != 'sqlite'", reason="asks SQLite")
postgresql_only = pytest.mark.skipif("connection.vendor != 'postgresql'", reason="asks PostgreSQL")


@pytest.fixture
def post(client):
    portal = Portal.objects.create(member_id="acme", domain="acme.example")
    form = Form.objects.create(portal=portal, name="Shop", secret_hash="0")
    return lambda: client.post(f"/in/{form.key}/", {"NAME": "x" * 20000}, content_type="application/json")


def run(*statements):
    with connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)


def is_refused_honestly(answer):
    is_503 = (answer.status_code, answer["Content-Type"]) == (503, "application/problem+json")
    return is_503 and int(answer["Retry-After"]) > 0


@pytest.fixture(autouse=True)
def fresh_connection():
    """Whatever a test did to its connection ends with it."""
    yield
    connection.close()


@sqlite_only
def test_a_database_that_may_only_be_read(post):
    run("PRAGMA query_only=ON")
    answer = post()
    run("PRAGMA query_only=OFF")
    assert is_refused_honestly(answer)
    assert not Submission.objects.exists()


@sqlite_only
def test_a_full_disk(post):
    with connection.cursor() as cursor:
        pages = cursor.execute("PRAGMA page_count").fetchone()[0]
        cursor.execute(f"PRAGMA max_page_count={pages}")
    answers = [post() for _ in range(20)]
    refused = [answer for answer in answers if answer.status_code != 202]
    assert refused and all(is_refused_honestly(answer) for answer in refused)
    assert Submission.objects.count() == len(answers) - len(refused)


@sqlite_only
def test_a_database_that_somebody_else_has_locked(post):
    run("PRAGMA busy_timeout=50")
    other = connections.create_connection("default")
    other.cursor().execute("BEGIN IMMEDIATE")
    try:
        answer = post()
    finally:
        other.cursor().execute("ROLLBACK")
        other.close()
    assert is_refused_honestly(answer)
    assert post().status_code == 202


@postgresql_only
def test_a_postgresql_that_may_only_be_read(post):
    run("SET default_transaction_read_only=on")
    assert is_refused_honestly(post())


@postgresql_only
def test_a_table_that_somebody_else_has_locked(post):
    run("SET lock_timeout='100ms'")
    other = connections.create_connection("default")
    other.cursor().execute("BEGIN; LOCK TABLE traces_submission IN EXCLUSIVE MODE")
    try:
        answer = post()
    finally:
        other.close()
    assert is_refused_honestly(answer)


def test_a_database_that_is_away(post, settings, monkeypatch):
    from django.db import OperationalError

    def away(*args, **kwargs):
        raise OperationalError("could not connect")

    monkeypatch.setattr(connection, "cursor", away)
    answer = post()
    monkeypatch.undo()
    assert is_refused_honestly(answer)


def test_a_commit_that_fails(post, monkeypatch):
    from django.db import OperationalError

    def fail(*args, **kwargs):
        raise OperationalError("disk I/O error")

    monkeypatch.setattr(Submission, "save", fail)
    assert is_refused_honestly(post())


def test_without_redis_it_is_taken_all_the_same(post, settings):
    settings.REDIS_URL = "redis://127.0.0.1:9/0"
    assert post().status_code == 202
    assert Submission.objects.count() == 1


def test_readiness_tells_which_part_is_away(client, settings, monkeypatch):
    monkeypatch.setattr(wakeups, "reachable", lambda: False)
    assert client.get("/readyz").json() == {"status": "ok", "database": "ok", "redis": "down"}


def test_readiness_is_refused_without_a_database(client, monkeypatch):
    from django.db import OperationalError

    def away(*args, **kwargs):
        raise OperationalError

    monkeypatch.setattr(connection, "cursor", away)
    answer = client.get("/readyz")
    monkeypatch.undo()
    assert answer.status_code == 503


def test_the_process_is_well_whatever_else_is(client):
    assert client.get("/healthz").json() == {"status": "ok"}


def test_retry_after_is_short():
    assert 1 <= views.RETRY_AFTER_SECONDS <= 30
