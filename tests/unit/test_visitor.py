"""What form builders call a visitor's name, phone and e-mail; what they send for themselves."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from traces.compose import emails, labels, person_names, phones, submitted
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


def test_a_number_that_came_as_one_is_a_phone():
    assert recognise({"phone": 15550100108}).phones == ("15550100108",)
    assert recognise({"phone": 79000000108.0}).phones == ("79000000108",)


def test_lists_are_read_whole():
    visitor = recognise({"phones": ["555-010-0109", "555-010-0110"], "emails": [MAIL, "b@mail.example"]})
    assert visitor.phones == ("555-010-0109", "555-010-0110")
    assert visitor.emails == (MAIL, "b@mail.example")


@pytest.mark.parametrize(
    ("body", "phones", "comments", "repairs"),
    [
        ({"phone": "8 900 000 01 40 Ян"}, ["8 900 000 01 40"], "phone: 8 900 000 01 40 Ян", ["phone_cleaned"]),
        ({"phone": "8 (495) 000-01-33 доб. 12"}, ["8 (495) 000-01-33#12"], "", ["phone_extension"]),
        ({"phone": "+79000000140, +79000000141"}, ["+79000000140", "+79000000141"], "", ["phone_split"]),
        ({"phone": "12345"}, [], "phone: 12345", ["phone_unreadable"]),
        ({"phone": "1-800-FLOWERS"}, [], "phone: 1-800-FLOWERS", ["phone_unreadable"]),
        ({"phone": "+7 (___) ___-__-__"}, [], "", []),
        ({"phone": "+7 900 000 01 40", "tel": "+7 (900) 000-01-40"}, ["+7 900 000 01 40"], "", []),
        ({"phone": f"write to {MAIL}"}, [], f"phone: write to {MAIL}", ["email_cleaned", "contact_moved"]),
        ({"email": PHONE}, [PHONE], "", ["contact_moved"]),
        ({"contact": f"{MAIL} {PHONE}"}, [PHONE], "", ["email_cleaned"]),
        ({"whatsapp": "5511900000147"}, ["5511900000147"], "", []),
        ({"wa_id": "79000000093"}, ["79000000093"], "", []),
        ({"name": "Ян 8 900 000 01 40"}, ["8 900 000 01 40"], "name: Ян 8 900 000 01 40", ["phone_cleaned"]),
    ],
)
def test_what_a_phone_number_is_taken_out_of(body, phones, comments, repairs):
    visitor = recognise(body)
    assert (list(visitor.phones), visitor.comments, list(visitor.repairs)) == (phones, comments, repairs)


@pytest.mark.parametrize(
    ("text", "emails", "comments", "repairs"),
    [
        ("yan@mail.example; yan2@mail.example", ["yan@mail.example", "yan2@mail.example"], "", ["email_split"]),
        ("mailto:yan@mail.example", ["yan@mail.example"], "", ["email_cleaned"]),
        ("Ян <yan@mail.example>", ["yan@mail.example"], "email: Ян <yan@mail.example>", ["email_cleaned"]),
        ("yan.@mail.ru", [], "email: yan.@mail.ru", ["email_invalid"]),
        ("yan@mail.example, yan@mail", ["yan@mail.example"], "email: yan@mail.example, yan@mail", ["email_invalid"]),
        ("call me", [], "email: call me", ["email_invalid"]),
    ],
)
def test_what_an_address_is_taken_out_of(text, emails, comments, repairs):
    visitor = recognise({"email": text})
    assert (list(visitor.emails), visitor.comments) == (emails, comments)
    assert visitor.repairs[-1:] == tuple(repairs)


def test_a_messengers_login_is_no_fault():
    visitor = recognise({"telegram": "@ines"})
    assert (visitor.rest, visitor.repairs) == ((("telegram", "@ines"),), ())


def test_what_has_no_room_left_goes_to_the_comments():
    numbers = [f"+7900000010{digit}" for digit in range(10)]
    visitor = recognise({"phone": [*numbers, "+79000000110"], "company": ["Moreau SARL", "moreau sarl", "Berg GmbH"]})
    assert (visitor.phones, visitor.company) == (tuple(numbers), "Moreau SARL")
    assert visitor.comments == "phone: +79000000110\ncompany: Berg GmbH"
    assert visitor.repairs == ("value_to_comments",)


def test_after_many_fields_none_is_looked_through():
    visitor = recognise({"phone": [f"call me {number}" for number in range(100)], "tel": PHONE})
    assert visitor.phones == ()
    assert f"tel: {PHONE}" in visitor.comments


def test_two_messages_are_both_kept():
    assert recognise({"subject": "Garden", "message": "Two gates"}).comments == "Garden\nTwo gates"


def test_what_nobody_knows_is_the_rest():
    assert recognise({"budget": "5000", "consent": "on"}).rest == (("budget", "5000"), ("consent", "on"))


def test_consent_and_goods_stand_among_the_rest_and_can_be_told():
    visitor = recognise({"agree": True, "goods": ["Oak table × 1, 199 EUR", "Lamp × 2"], "colour": "Blue"})
    assert visitor.consent == (("agree", "true"),)
    assert visitor.goods == ("Oak table × 1, 199 EUR", "Lamp × 2")
    assert len(visitor.rest) == 4


@pytest.mark.parametrize(
    ("body", "phones", "emails", "name"),
    [
        (
            {"form_text_31": "Сергей Волков", "form_text_32": "8 (900) 000-03-01", "form_email_33": MAIL},
            ("8 (900) 000-03-01",),
            (MAIL,),
            "Сергей Волков",
        ),
        (
            {"ORDER_PROP_1": "Волков Сергей Ильич", "ORDER_PROP_2": MAIL, "ORDER_PROP_3": "8 900 000-03-03"},
            ("8 900 000-03-03",),
            (MAIL,),
            "Сергей Волков",
        ),
        ({"No Label field_5c1a2b3": "01 70 00 00 22", "Field4": "Oak table"}, ("01 70 00 00 22",), (), ""),
        ({"Field1": "Pia Berg"}, (), (), ""),
        ({"Field1": "Pia Berg", "Field2": "Main Street", "Field3": MAIL, "name": "Eva"}, (), (MAIL,), "Eva"),
        ({"Field1": "7707083893", "Field2": "1715500000", "order": "555-010-0109"}, (), (), ""),
        ({"phone": "call me", "Field2": PHONE}, (PHONE,), (), ""),
        ({"phone": "+79000000140", "Field2": PHONE}, ("+79000000140",), (), ""),
        ({"Номер": "89000000140"}, ("89000000140",), (), ""),
        ({"user_name": "Сергей Волков"}, (), (), "Сергей Волков"),
        ({"username": "berg_travel"}, (), (), ""),
        ({"username": "Berg", "name": "Pia"}, (), (), "Pia"),
    ],
)
def test_a_value_says_what_it_is_where_its_name_does_not(body, phones, emails, name):
    visitor = recognise(body)
    assert (visitor.phones, visitor.emails, visitor.full_name) == (phones, emails, name)


def test_a_name_that_may_say_more_stays_beside_its_value():
    visitor = recognise({"Puhelin": PHONE, "Field2": MAIL})
    assert (visitor.phones, visitor.emails, visitor.rest) == ((PHONE,), (MAIL,), (("Puhelin", PHONE),))


def test_the_parts_of_an_address_are_no_name():
    visitor = recognise(
        {"input_5.1": "Main Street 1", "input_5.3": "Paris", "input_5.6": "France", "input_2.3": "Ines"}
    )
    assert (visitor.name, visitor.last_name) == ("Ines", "")
    assert ("input_5.3", "Paris") in visitor.rest


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


def test_a_tree_may_be_as_deep_as_json_can_be():
    body = {"phone": PHONE}
    for _ in range(5000):
        body = {"a": body}
    assert recognise(body).phones == (PHONE,)


MODULES = [emails, labels, person_names, phones, submitted]
EXPRESSIONS = [
    pytest.param(value, id=f"{module.__name__.rpartition('.')[2]}.{name}")
    for module in MODULES
    for name, value in vars(module).items()
    if hasattr(value, "groupindex")
]
WORST = ["1 ", "(1", "a", "Aa ", "Aa-", "@ ", "((", "wpforms[a]", "token", "-", "\t", "d'", "12.", "ж"]


@pytest.mark.slow
@pytest.mark.parametrize("expression", EXPRESSIONS)
@pytest.mark.parametrize("piece", WORST)
def test_each_expression_is_linear(expression, piece):
    text = (piece * 65536)[:65536]
    began = time.process_time()
    expression.fullmatch(text)
    expression.search(text)
    assert time.process_time() - began < 0.2
