"""Taking a submission: what is stored, what is repaired, and what is refused before anything is written."""

import json
from datetime import timedelta

import pytest
from django.db import Error as DatabaseError
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from tests.fixtures.forms import SECRET, make_form
from traces.intake import accept
from traces.intake.problems import Problem
from traces.models import Form, Submission
from traces.setup import forms

pytestmark = pytest.mark.django_db
# A failed insert ends a test's own transaction, and SQLite looks at foreign keys only when it commits.
really_commits = pytest.mark.django_db(transaction=True)


def submit(form, fields, *, key="", trusted=False):
    return accept.accept(form, fields, json.dumps(fields).encode(), key=key, trusted=trusted)


def refusal(form, fields, **how):
    with pytest.raises(Problem) as caught:
        submit(form, fields, **how)
    assert not Submission.objects.exists()
    return caught.value.status, caught.value.code


def nested(depth):
    value = "x"
    for _ in range(depth):
        value = [value]
    return value


def test_a_submission_belongs_to_its_forms_portal(form, other):
    assert submit(form, {"NAME": "Ines"}).submission.portal == form.portal
    assert not other.submissions.exists()


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"a": nested(accept.MAX_DEPTH)}, "too_complex"),
        ({"a": ["x"] * accept.MAX_VALUES}, "too_complex"),
        ({str(n): n for n in range(accept.MAX_VALUES)}, "too_complex"),
    ],
    ids=["depth", "values", "fields"],
)
def test_one_more_than_the_limit_is_refused(form, fields, code):
    assert refusal(form, fields) == (422, code)


@pytest.mark.parametrize(
    "fields",
    [{"a": nested(accept.MAX_DEPTH - 1)}, {"a": ["x"] * (accept.MAX_VALUES - 2)}],
    ids=["depth", "values"],
)
def test_the_limit_itself_is_taken(form, fields):
    assert submit(form, fields).submission.body == fields


@pytest.mark.parametrize("key", ["k" * (accept.MAX_KEY_LENGTH + 1), "two\nlines", "a\0b"])
def test_a_key_that_cannot_be_stored_is_refused(form, key):
    assert refusal(form, {}, key=key) == (400, "bad_idempotency_key")


def test_the_longest_key_is_taken(form):
    assert submit(form, {}, key="k" * accept.MAX_KEY_LENGTH).created


def test_a_key_counts_for_its_own_form_only(form, other):
    submit(form, {"a": 1}, key="k")
    assert submit(make_form(other), {"a": 2}, key="k").created


@really_commits
def test_a_repetition_tells_how_the_first_one_goes(form):
    first = submit(form, {}, key="k").submission
    Submission.objects.update(state="delivered")
    again = submit(form, {}, key="k")
    assert (again.created, again.submission.pk, again.submission.state) == (False, first.pk, "delivered")


@really_commits
def test_a_submission_without_a_key_is_never_taken_for_another_one(form):
    submit(form, {"NAME": "Ines"})
    Form.objects.filter(pk=form.pk).delete()
    make_form(form.portal)
    with pytest.raises(DatabaseError):
        submit(form, {"NAME": "Olaf"})


@really_commits
def test_a_form_that_is_deleted_meanwhile_takes_nothing(form):
    Form.objects.filter(pk=form.pk).delete()
    with pytest.raises(DatabaseError):
        submit(form, {}, key="k")
    assert not Submission.objects.exists()


def test_a_repair_is_told_once(form):
    trace = '{"url":"https://a.example/\\ud800"}'
    assert submit(form, {"a": "\0", "b": "\0", "TRACE": trace}).submission.repairs == ["characters_replaced"]


@pytest.mark.parametrize("number", ["1e999", "-1e999"])
def test_a_number_beyond_all_limits_is_kept_as_text(form, number):
    fields = accept.read_json(b'{"a": %s}' % number.encode())
    assert submit(form, fields).submission.body == {"a": number}


@pytest.mark.parametrize("number", [2**63, -(2**63), 10**300])
def test_a_whole_number_beyond_a_databases_is_kept_as_text(form, number):
    submit(form, {"a": number})
    assert Submission.objects.get().body == {"a": str(number)}


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(exclude_categories=[]), max_size=9),
    lambda children: st.lists(children, max_size=4) | st.dictionaries(st.text(max_size=4), children, max_size=4),
    max_leaves=12,
)


@given(st.dictionaries(st.text(max_size=5), values, max_size=5))
def test_whatever_json_is_read_can_be_written_again(fields):
    try:
        body = accept._storable(accept.read_json(json.dumps(fields).encode()), [])
    except Problem as problem:
        assert problem.status in {400, 422}
    else:
        text = json.dumps(body, ensure_ascii=False, allow_nan=False)
        assert "\0" not in text and text.encode()


@pytest.mark.parametrize("entry", ["ENTITIES", "entities"])
def test_only_the_documented_name_names_records(form, entry):
    fields = {entry: [{"TYPE": "LEAD", "ID": 1}]}
    if entry == "ENTITIES":
        assert refusal(form, fields) == (403, "secret_required")
    else:
        assert submit(form, fields).created


@pytest.mark.parametrize(
    ("url", "origin"),
    [
        ("https://Shop.Example/cart?x=1", "https://shop.example"),
        ("https://shop.example:443", "https://shop.example"),
        ("http://shop.example:80/", "http://shop.example"),
        ("http://shop.example:8080/", "http://shop.example:8080"),
        ("https://пример.рф/", "https://xn--e1afmkfd.xn--p1ai"),
        ("https://user:word@shop.example/", "https://shop.example"),
        ("http://[::1]:8000/", "http://[::1]:8000"),
    ],
)
def test_an_origin_is_what_a_browser_sends(url, origin):
    assert accept.normal_origin(url) == origin


@pytest.mark.parametrize("url", ["shop.example", "//shop.example", "ftp://shop.example", "https://", "https://a:b/"])
def test_what_has_no_origin_is_refused(url):
    with pytest.raises(ValueError):
        accept.normal_origin(url)


@pytest.mark.parametrize(
    ("origin", "may"),
    [
        ("", True),
        ("https://shop.example", True),
        ("https://SHOP.example", True),
        ("http://shop.example", False),
        ("https://shop.example.evil.example", False),
        ("null", False),
    ],
)
def test_a_form_with_origins_takes_from_these_only(origin, may):
    assert accept.may_send_from(Form(origins=["https://shop.example"]), origin) is may


@pytest.mark.parametrize("header", ["Bearer", "Bearer ", "Bearer s3cret2", "Basic s3cret", "s3cret", "Bearer S3CRET"])
def test_a_wrong_secret_is_no_missing_one(form, header):
    with pytest.raises(Problem) as caught:
        accept.shows_secret(form, header)
    assert caught.value.status == 401


@pytest.mark.parametrize("header", ["Bearer s3cret", "bearer s3cret", "Bearer  s3cret "])
def test_the_right_secret_is_known(form, header):
    assert accept.shows_secret(form, header)


@pytest.mark.parametrize("seconds", [1, -1])
def test_the_former_secret_is_good_until_its_time_is_over(form, seconds):
    forms.renew_secret(form)
    form.old_secret_until = timezone.now() + timedelta(seconds=seconds)
    if seconds > 0:
        assert accept.shows_secret(form, f"Bearer {SECRET}")
    else:
        with pytest.raises(Problem):
            accept.shows_secret(form, f"Bearer {SECRET}")


def test_a_new_secret_is_good_at_once_and_the_former_for_a_day(form):
    secret = forms.renew_secret(form)
    form.refresh_from_db()
    assert accept.shows_secret(form, f"Bearer {secret}")
    assert timedelta(hours=23) < form.old_secret_until - timezone.now() <= timedelta(hours=24)


def test_a_secret_that_leaked_ends_at_once(form):
    forms.renew_secret(form, at_once=True)
    form.refresh_from_db()
    with pytest.raises(Problem):
        accept.shows_secret(form, f"Bearer {SECRET}")


def test_only_the_last_secret_but_one_is_still_good(form):
    forms.renew_secret(form)
    forms.renew_secret(form)
    with pytest.raises(Problem):
        accept.shows_secret(form, f"Bearer {SECRET}")


def test_an_empty_secret_is_never_good(form):
    form.old_secret_hash, form.old_secret_until = "", timezone.now() + timedelta(hours=1)
    with pytest.raises(Problem):
        accept.shows_secret(form, "Bearer ")
