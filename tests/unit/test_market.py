"""The card of the Market: its texts, its icon, and the script that looks at them."""

import struct

import pytest

from tests import icon, market

TEXTS = dict.fromkeys(market.FIELDS, "Something.") | {
    "Title": "Leads of websites",
    "Full description": "A plan with a Market subscription, an administrator. LIMITS: none.",
    "Keywords": "form, lead",
}


def test_the_card_keeps_the_markets_rules():
    assert market.faults() == []


def test_both_languages_have_the_same_fields():
    assert list(market.listing("en")) == list(market.listing("ru"))


def test_good_texts_have_no_fault():
    assert list(market.faults_of_texts(TEXTS, "en")) == []


@pytest.mark.parametrize(
    ("name", "text", "fault"),
    [
        ("Support", "", "Support: empty"),
        ("Price", "1", "Price: no field of the card"),
        ("Title", "x" * 61, "Title: 61 characters"),
        ("Short description", "One. Two. Three.", "Short description: at most 2 sentences"),
        ("Short description", "Write to me@mail.example.", "Short description: '@'"),
        ("Full description", "A Market subscription, an administrator, LIMITS", "does not name 'plan'"),
        ("Keywords", "form, Bitrix24", "Keywords: a brand, 'Bitrix'"),
        ("Keywords", "form, lead, form", "Keywords: twice, 'form'"),
        ("Keywords", "x" * 2001, "Keywords: 2001 characters"),
        ("Tags", "a, b, c, d, e, f", "Tags: more than 5"),
        ("Support", "Пишите", "a Russian letter in the English card"),
    ],
)
def test_a_fault_of_the_texts_is_told(name, text, fault):
    assert [found for found in market.faults_of_texts(TEXTS | {name: text}, "en") if fault in found]


def test_an_agreement_that_names_another_solution_is_told():
    assert list(market.faults_of_agreements("Another application", "en"))


def drawn(folder, width, height, kind):
    path = folder / "icon.png"
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(8) + struct.pack(">IIBB", width, height, 8, kind) + b"IDAT")
    return path


@pytest.mark.parametrize(
    ("width", "height", "kind", "number"),
    [(512, 512, 2, 0), (249, 249, 2, 1), (651, 651, 2, 1), (512, 400, 2, 1), (512, 512, 6, 1), (100, 200, 6, 2)],
)
def test_an_icon_of_a_wrong_form_is_told(tmp_path, width, height, kind, number):
    assert len(list(market.faults_of_icon(drawn(tmp_path, width, height, kind)))) == number


def test_the_icon_is_drawn_by_the_script():
    assert (icon.FOLDER / "icon.svg").read_text() == icon.svg()
    corner, goal = icon.pixel(0, 0), icon.pixel(404, 140)
    assert (tuple(corner), tuple(goal)) == (icon.GROUND, icon.GOAL)


def test_what_is_for_the_vendor_is_listed_and_is_no_fault(capsys):
    assert market.main() == 0
    assert "vendor  en: fill in APP_URL, DEMO_PAGE, VENDOR_EMAIL" in capsys.readouterr().out
