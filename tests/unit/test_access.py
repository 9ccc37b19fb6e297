"""Who may send to a form: the pages of its origins, and whoever shows its secret."""

from datetime import timedelta

import pytest
from django.utils import timezone

from tests.fixtures.forms import SECRET
from traces.intake import access
from traces.intake.problems import Problem
from traces.models import Form
from traces.setup import forms

pytestmark = pytest.mark.django_db


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
    assert access.normal_origin(url) == origin


@pytest.mark.parametrize("url", ["shop.example", "//shop.example", "ftp://shop.example", "https://", "https://a:b/"])
def test_what_has_no_origin_is_refused(url):
    with pytest.raises(ValueError):
        access.normal_origin(url)


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
    assert access.may_send_from(Form(origins=["https://shop.example"]), origin) is may


@pytest.mark.parametrize("header", ["Bearer", "Bearer ", "Bearer s3cret2", "Basic s3cret", "s3cret", "Bearer S3CRET"])
def test_a_wrong_secret_is_no_missing_one(form, header):
    with pytest.raises(Problem) as caught:
        access.shows_secret(form, header)
    assert caught.value.status == 401


@pytest.mark.parametrize("header", ["Bearer s3cret", "bearer s3cret", "Bearer  s3cret "])
def test_the_right_secret_is_known(form, header):
    assert access.shows_secret(form, header)


@pytest.mark.parametrize("seconds", [1, -1])
def test_the_former_secret_is_good_until_its_time_is_over(form, seconds):
    forms.renew_secret(form)
    form.old_secret_until = timezone.now() + timedelta(seconds=seconds)
    if seconds > 0:
        assert access.shows_secret(form, f"Bearer {SECRET}")
    else:
        with pytest.raises(Problem):
            access.shows_secret(form, f"Bearer {SECRET}")


def test_a_new_secret_is_good_at_once_and_the_former_for_a_day(form):
    secret = forms.renew_secret(form)
    form.refresh_from_db()
    assert access.shows_secret(form, f"Bearer {secret}")
    assert timedelta(hours=23) < form.old_secret_until - timezone.now() <= timedelta(hours=24)


def test_a_secret_that_leaked_ends_at_once(form):
    forms.renew_secret(form, at_once=True)
    form.refresh_from_db()
    with pytest.raises(Problem):
        access.shows_secret(form, f"Bearer {SECRET}")


def test_only_the_last_secret_but_one_is_still_good(form):
    forms.renew_secret(form)
    forms.renew_secret(form)
    with pytest.raises(Problem):
        access.shows_secret(form, f"Bearer {SECRET}")


def test_an_empty_secret_is_never_good(form):
    form.old_secret_hash, form.old_secret_until = "", timezone.now() + timedelta(hours=1)
    with pytest.raises(Problem):
        access.shows_secret(form, "Bearer ")
