"""What Bitrix24 knows by itself needs no rule: an administrator says so once."""

import pytest
from django.urls import reverse
from django.utils import timezone

from tests.pages.helpers import error_of
from traces.delivery import unmatched
from traces.models import KnownValue, Submission
from traces.setup import known_values, rulebook

pytestmark = pytest.mark.django_db
GOOGLE = {"field": "utm_source", "value": "google"}
PARTNER = {"field": "referrer", "value": "partner.example"}


@pytest.fixture(autouse=True)
def with_redis(redis):
    """The overview's figures come from it."""


@pytest.fixture
def came(acme):
    """Values that came this week and no rule matched."""
    unmatched.count(acme.pk, [tuple(GOOGLE.values())] * 2 + [tuple(PARTNER.values())], timezone.now())


def overview(frame):
    return frame.get(reverse("overview")).text


def test_a_value_is_dismissed_for_good(frame, came):
    assert "<span>google</span>" in overview(frame)
    answer = frame.post(reverse("source-known"), GOOGLE).text
    assert "“google” is off this list" in answer and "<span>google</span>" not in answer
    assert "partner.example" in answer and "<span>google</span>" not in overview(frame)


def test_a_dismissed_value_can_be_brought_back(frame, came):
    frame.post(reverse("source-known"), GOOGLE)
    answer = frame.post(reverse("source-unknown"), GOOGLE).text
    assert "back in the list" in answer and "<span>google</span>" in answer
    assert not KnownValue.objects.exists()


def test_the_last_value_leaves_a_list_that_says_so(frame, acme):
    unmatched.count(acme.pk, [tuple(GOOGLE.values())], timezone.now())
    answer = frame.post(reverse("source-known"), GOOGLE).text
    assert "Nothing else came this week" in answer and reverse("source-unknown") in answer


def test_what_is_no_value_is_not_kept(frame):
    for typed in ({}, {"field": "any", "value": "x"}, {"field": "utm_source", "value": "x" * 201}):
        assert frame.post(reverse("source-known"), typed).status_code == 200
    assert not KnownValue.objects.exists()


def test_a_value_twice_is_there_once(frame, came):
    frame.post(reverse("source-known"), GOOGLE), frame.post(reverse("source-known"), GOOGLE)
    assert KnownValue.objects.count() == 1


def test_of_another_field_it_is_taken_away_on_the_page_of_sources(frame, came):
    frame.post(reverse("source-known"), PARTNER)
    assert "partner.example" in frame.get(reverse("sources")).text
    answer = frame.post(reverse("source-unknown"), {**PARTNER, "card": "1"}).text
    assert 'id="known"' in answer and "partner.example" not in answer


def test_names_are_pasted_one_a_line(frame, acme):
    known_values.add(acme, "utm_source", "former")
    answer = frame.post(reverse("source-names"), {"names": " google \r\nЯндекс Директ\n\ngoogle\n"}).text
    assert "Names saved." in answer and "google\nЯндекс Директ</textarea>" in answer
    assert known_values.names(acme.pk) == ["google", "Яндекс Директ"]


@pytest.mark.parametrize(
    ("typed", "fault"),
    [("x" * 201, "at most 200"), ("a\tb", "printable"), ("\n".join(map(str, range(501))), "at most 500 names")],
)
def test_names_that_cannot_be_kept_are_told(frame, acme, typed, fault):
    known_values.add(acme, "utm_source", "former")
    answer = frame.post(reverse("source-names"), {"names": typed})
    assert answer.status_code == 422 and fault in error_of(answer.text, "known-names")
    assert known_values.names(acme.pk) == ["former"]


def test_the_names_are_offered_and_others_warned_of(frame, acme):
    known_values.replace_names(acme, ["google", "Yandex"])
    assert '<option value="Yandex">' in frame.get(reverse("source-new")).text
    typed = {"field": "utm_campaign", "operator": "equals", "value": "spring"}
    answer = frame.post(reverse("source-words"), {**typed, "utm_source": "yandeks"}).text
    assert "“yandeks” is not among" in answer and "Did you mean “Yandex”?" in answer
    assert "is not among" not in frame.post(reverse("source-words"), {**typed, "utm_source": "google"}).text


def test_without_names_nothing_is_warned_of():
    assert known_values.doubt("google", []) == ("", "")


def test_what_came_with_a_known_name_is_not_counted(acme, form):
    known_values.add(acme, "utm_source", "google")
    rules = rulebook.load(acme.pk)

    def left(query):
        body = {"page_url": f"https://shop.example/{query}", "referrer": "https://www.google.com/"}
        row = Submission(portal=acme, form=form, body=body, received_at=timezone.now())
        return [value for _, value in rules.unmatched(rules.prepare(row))]

    assert left("?utm_source=google") == []
    assert left("?utm_source=Google") == ["Google", "google.com"]


def test_another_portals_values_stay(frame, other):
    known_values.add(other, **GOOGLE)
    frame.post(reverse("source-unknown"), GOOGLE), frame.post(reverse("source-names"), {"names": ""})
    assert known_values.names(other.pk) == ["google"]
