"""No 2xx without a committed row: each way in which a database can refuse is a 503 that loses nothing."""

import pytest
from django.db import DataError, InterfaceError, OperationalError, connection, connections

from traces.intake import answers, inserts
from traces.models import Form, Submission

pytestmark = pytest.mark.django_db(transaction=True)
sqlite_only = pytest.mark.skipif("connection.vendor != 'sqlite'", reason="asks SQLite")
postgresql_only = pytest.mark.skipif("connection.vendor != 'postgresql'", reason="asks PostgreSQL")


@pytest.fixture
def post_large(post):
    """Post so much that the database needs room for it."""
    return lambda **headers: post({"NAME": "x" * 20000}, **headers)


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
def test_a_database_that_may_only_be_read(post_large):
    run("PRAGMA query_only=ON")
    answer = post_large()
    run("PRAGMA query_only=OFF")
    assert is_refused_honestly(answer)
    assert not Submission.objects.exists()


@sqlite_only
def test_a_full_disk(post_large):
    run("VACUUM")  # what others deleted has left room
    with connection.cursor() as cursor:
        pages = cursor.execute("PRAGMA page_count").fetchone()[0]
        cursor.execute(f"PRAGMA max_page_count={pages}")
    answers = [post_large() for _ in range(20)]
    refused = [answer for answer in answers if answer.status_code != 200]
    assert refused and all(is_refused_honestly(answer) for answer in refused)
    assert Submission.objects.count() == len(answers) - len(refused)


@sqlite_only
def test_a_database_that_somebody_else_has_locked(post_large):
    run("PRAGMA busy_timeout=50")
    other = connections.create_connection("default")
    other.cursor().execute("BEGIN IMMEDIATE")
    try:
        answer = post_large()
    finally:
        other.cursor().execute("ROLLBACK")
        other.close()
    assert is_refused_honestly(answer)
    assert not Submission.objects.exists()


@postgresql_only
def test_a_postgresql_that_may_only_be_read(post_large):
    run("SET default_transaction_read_only=on")
    assert is_refused_honestly(post_large())
    assert not Submission.objects.exists()


@postgresql_only
def test_a_table_that_somebody_else_has_locked(post_large):
    run("SET lock_timeout='100ms'")
    other = connections.create_connection("default")
    other.cursor().execute("BEGIN; LOCK TABLE traces_submission IN EXCLUSIVE MODE")
    try:
        answer = post_large()
    finally:
        other.close()
    assert is_refused_honestly(answer)
    assert not Submission.objects.exists()


@postgresql_only
def test_a_connection_that_the_server_has_cut(post_large):
    other = connections.create_connection("default")
    with connection.cursor() as cursor:
        pid = cursor.execute("SELECT pg_backend_pid()").fetchone()[0]
    other.cursor().execute("SELECT pg_terminate_backend(%s)", [pid])
    other.close()
    answer = post_large()
    assert answer.status_code == 200 or is_refused_honestly(answer)
    connection.close()
    assert Submission.objects.count() == (answer.status_code == 200)


def test_a_database_that_is_away(post_large, monkeypatch):
    def away(*args, **kwargs):
        raise OperationalError("could not connect")

    monkeypatch.setattr(connection, "cursor", away)
    answer = post_large()
    monkeypatch.undo()
    assert is_refused_honestly(answer)


def fail_with(kind):
    def fail(*args, **kwargs):
        raise kind("disk I/O error")

    return fail


@pytest.mark.parametrize("kind", [OperationalError, InterfaceError])
def test_whatever_the_database_says_of_the_insert(post_large, monkeypatch, kind):
    monkeypatch.setattr(inserts, "_run_insert", fail_with(kind))
    assert is_refused_honestly(post_large())
    assert not Submission.objects.exists()


def test_content_that_the_database_refuses_is_not_asked_for_again(post_large, monkeypatch):
    monkeypatch.setattr(inserts, "_run_insert", fail_with(DataError))
    answer = post_large()
    assert (answer.status_code, answer.json()["code"]) == (422, "unstorable")


def test_a_form_that_is_deleted_in_mid_request(post_large, form, monkeypatch):
    run_insert = inserts._run_insert

    def delete_before(*args):
        Form.objects.all().delete()
        return run_insert(*args)

    monkeypatch.setattr(inserts, "_run_insert", delete_before)
    assert is_refused_honestly(post_large(**{"Idempotency-Key": "k"}))
    assert not Submission.objects.exists()


def test_a_request_that_was_refused_can_be_sent_again(post_large, monkeypatch):
    def fail(*args, **kwargs):
        raise OperationalError

    with monkeypatch.context() as broken:
        broken.setattr(inserts, "_run_insert", fail)
        post_large(**{"Idempotency-Key": "k"})
    assert [post_large(**{"Idempotency-Key": "k"}).status_code for _ in range(2)] == [200, 200]


def test_without_redis_it_is_taken_all_the_same(post_large):
    assert post_large().status_code == 200
    assert Submission.objects.count() == 1


def test_retry_after_is_short():
    assert 1 <= answers.RETRY_AFTER_SECONDS <= 30
