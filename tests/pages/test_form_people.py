"""A form's settings that are about people: known visitors, and who is responsible for what comes."""

import pytest
from django.urls import reverse

from tests.fixtures.product import Frame
from tests.pages.helpers import error_of

pytestmark = pytest.mark.django_db
SETTINGS = {"name": "Orders", "active": "1", "join_repeats_minutes": "10"}


@pytest.mark.parametrize(
    ("creates", "repeats", "status"),
    [
        ("lead", "join", 200),
        ("deal", "join", 200),
        ("company", "find", 200),
        ("contact", "join", 422),
        ("quote", "find", 422),
        ("trace", "find", 422),
        ("lead_utm", "join", 422),
        ("quote", "new", 200),
        ("lead", "x", 422),
    ],
)
def test_only_what_can_be_found_is_looked_for(frame, form, creates, repeats, status):
    answer = frame.post(reverse("form", args=[form.pk]), {**SETTINGS, "creates": creates, "repeats": repeats})
    form.refresh_from_db()
    assert (answer.status_code, form.repeats) == (status, repeats if status == 200 else "new")
    assert status == 200 or error_of(answer.text, "form-repeats")


@pytest.mark.parametrize("number", ["-1", "0", "x", "9" * 30])
def test_a_responsible_person_is_a_number(frame, form, number):
    typed = {**SETTINGS, "creates": "lead", "repeats": "new", "assigned_by_id": number}
    answer = frame.post(reverse("form", args=[form.pk]), typed)
    assert (answer.status_code, bool(error_of(answer.text, "form-assigned_by_id"))) == (422, True)


def test_where_the_portal_lists_its_users_one_is_chosen(client, installed, portal, form):
    portal.scope += ",user"
    portal.add_user(70, admin=False, name="Ines")
    portal.fire_user(2)
    answer = Frame(client, installed).get(reverse("form-responsible", args=[form.pk]), {"chosen": "70"}).text
    assert '<option value="70" selected>Moreau Ines</option>' in answer
    assert 'value="3"' in answer and 'value="2"' not in answer


def test_a_person_who_is_gone_stays_chosen(client, installed, portal, form):
    portal.scope += ",user"
    answer = Frame(client, installed).get(reverse("form-responsible", args=[form.pk]), {"chosen": "99"}).text
    assert '<option value="99" selected>99</option>' in answer


@pytest.mark.parametrize("users", [3, 250])
def test_where_no_list_can_be_shown_the_number_is_typed(client, installed, portal, form, users):
    if users > 3:
        portal.scope += ",user"
        for number in range(10, 10 + users):
            portal.add_user(number, admin=False, name="Ines")
    frame = Frame(client, installed)
    assert frame.get(reverse("form-responsible", args=[form.pk])).status_code == 204
    assert 'type="number" name="assigned_by_id"' in frame.get(reverse("form", args=[form.pk])).text


@pytest.mark.parametrize(("scope", "user", "name"), [(",user", 70, "Moreau Ines"), (",user", 99, ""), ("", 70, "")])
def test_a_user_has_a_name_where_the_portal_tells_it(client, installed, portal, scope, user, name):
    portal.scope += scope
    portal.add_user(70, admin=False, name="Ines")
    answer = Frame(client, installed).get(reverse("user-name", args=[user]))
    assert (answer.status_code, answer.text.strip()) == (200 if name else 204, name)
