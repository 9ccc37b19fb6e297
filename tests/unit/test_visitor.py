"""What form builders call a visitor's name, phone and e-mail; what they send for themselves."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from traces.compose.visitor import EMAIL, Visitor, recognise

MAIL, PHONE = "ines@mail.example", "+33 1 70 00 00 00"
FORMS = {
    "the product's own": {"NAME": "Ines", "LAST_NAME": "Moreau", "PHONE": PHONE, "EMAIL": MAIL, "COMMENTS": "Hello"},
    "Contact Form 7": {
        "_wpcf7": "12",
        "_wpcf7_unit_tag": "wpcf7-f12",
        "your-name": "Ines Moreau",
        "your-email": MAIL,
        "tel-123": PHONE,
        "your-message": "Hello",
    },
    "Elementor": {
        "post_id": "7",
        "form_id": "a1b2c3",
        "referer_title": "Shop",
        "form_fields[name]": "Ines Moreau",
        "form_fields[email]": MAIL,
        "form_fields[phone]": PHONE,
        "form_fields[message]": "Hello",
    },
    "Elementor as JSON": {"form_fields": {"name": "Ines Moreau", "email": MAIL, "phone": PHONE, "message": "Hello"}},
    "Gravity Forms": {
        "gform_submit": "1",
        "input_1.3": "Ines",
        "input_1.6": "Moreau",
        "input_2": MAIL,
        "input_3": PHONE,
        "comments": "Hello",
    },
    "WPForms": {
        "wpforms[id]": "5",
        "wpforms[fields][0][first]": "Ines",
        "wpforms[fields][0][last]": "Moreau",
        "wpforms[fields][1]": MAIL,
        "wpforms[fields][2]": PHONE,
        "message": "Hello",
    },
    "Tilda": {
        "formid": "form1",
        "tranid": "1:2",
        "tildaspec-cookie": "x",
        "Name": "Ines Moreau",
        "Email": MAIL,
        "Phone": PHONE,
        "Textarea": "Hello",
    },
    "HTML autocomplete": {
        "given-name": "Ines",
        "family-name": "Moreau",
        "tel": PHONE,
        "email": MAIL,
        "comment": "Hello",
    },
    "Russian": {"имя": "Ines", "фамилия": "Moreau", "Телефон": PHONE, "Эл. почта": MAIL, "сообщение": "Hello"},
    "Russian in Latin letters": {
        "imya": "Ines",
        "familiya": "Moreau",
        "telefon": PHONE,
        "pochta": MAIL,
        "soobschenie": "Hello",
    },
}


@pytest.mark.parametrize("form", FORMS)
def test_a_form_builders_names_are_recognised(form):
    visitor = recognise({**FORMS[form], "TRACE": "{}", "utm_source": "fb", "page_url": "https://a.example/"})
    assert visitor == Visitor("Ines", "Moreau", phones=(PHONE,), emails=(MAIL,), comments="Hello")


@pytest.mark.parametrize(
    ("body", "first", "last", "second"),
    [
        ({"name": "Ines"}, "Ines", "", ""),
        ({"name": "Ines de la Tour"}, "Ines", "de la Tour", ""),
        ({"name": "Ines", "last_name": "Moreau"}, "Ines", "Moreau", ""),
        ({"ФИО": "Иванов Пётр Ильич"}, "Пётр", "Иванов", "Ильич"),
        ({"ФИО": "Иванов Пётр"}, "Пётр", "Иванов", ""),
        ({"full_name": "Ines Moreau"}, "Ines", "Moreau", ""),
        ({"имя": "Иванова Анна Петровна"}, "Анна", "Иванова", "Петровна"),
    ],
)
def test_a_full_name_is_taken_apart(body, first, last, second):
    visitor = recognise(body)
    assert (visitor.name, visitor.last_name, visitor.second_name) == (first, last, second)


def test_what_is_no_address_is_kept_but_not_as_an_email():
    visitor = recognise({"email": "call me"})
    assert (visitor.emails, visitor.rest) == ((), (("email", "call me"),))


def test_what_nobody_knows_is_the_rest():
    assert recognise({"budget": "5000", "consent": "on"}).rest == (("budget", "5000"), ("consent", "on"))


CONTROL = ["TRACE", "utm_source", "UTM_TERM", "_wpnonce", "csrfmiddlewaretoken", "g-recaptcha-response", "ENTITIES"]
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=10,
)


@given(st.dictionaries(st.sampled_from([*CONTROL, "name", "phone", "email", "имя", "x"]) | st.text(max_size=9), values))
def test_anything_can_be_read_and_no_control_field_comes_through(body):
    visitor = recognise({**body, **dict.fromkeys(CONTROL, "planted")})
    assert all(EMAIL.fullmatch(address) for address in visitor.emails)
    assert "planted" not in repr(visitor)
