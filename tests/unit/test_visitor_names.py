"""First, last and second name, out of one field or several, as people write them."""

import time

import pytest

from traces.compose import person_names
from traces.compose.visitor import recognise

NAMES = {
    "Ines": ("Ines", "", ""),
    "Анна Орлова": ("Анна", "Орлова", ""),
    "  Анна   Орлова ": ("Анна", "Орлова", ""),
    "Орлова Анна": ("Анна", "Орлова", ""),
    "Петрова Ева": ("Ева", "Петрова", ""),
    "Лев Орлов": ("Лев", "Орлов", ""),
    "Ирина Волк": ("Ирина", "Волк", ""),
    "Волков Сергей Ильич": ("Сергей", "Волков", "Ильич"),
    "Сергей Ильич Волков": ("Сергей", "Волков", "Ильич"),
    "Сергей Ильич": ("Сергей", "", "Ильич"),
    "Иванова Анна Петровна": ("Анна", "Иванова", "Петровна"),
    "Шевченко Ольга Миколаївна": ("Ольга", "Шевченко", "Миколаївна"),
    "Алиев Расул Мамед оглы": ("Расул", "Алиев", "Мамед оглы"),
    "Lena Falk": ("Lena", "Falk", ""),
    "Ines de la Tour": ("Ines", "de la Tour", ""),
    "Ines Moreau-Dupont": ("Ines", "Moreau-Dupont", ""),
    "Berg, Pia": ("Pia", "Berg", ""),
    "Анна Мария Орлова": ("Анна", "Мария Орлова", ""),
}


@pytest.mark.parametrize("text", NAMES)
def test_a_whole_name_is_taken_apart(text):
    visitor = recognise({"name": text})
    assert (visitor.name, visitor.last_name, visitor.second_name) == NAMES[text]
    assert (visitor.comments, visitor.repairs) == ("", ())


@pytest.mark.parametrize(
    ("body", "first", "last", "second"),
    [
        ({"name": "Ines", "last_name": "Moreau"}, "Ines", "Moreau", ""),
        ({"first_name": "Ines Moreau"}, "Ines", "Moreau", ""),
        ({"first_name": "Eva Maria", "last_name": "Stern"}, "Eva Maria", "Stern", ""),
        ({"ФИО": "Иванов Пётр Ильич"}, "Пётр", "Иванов", "Ильич"),
        ({"ФИО": "Ким Пётр"}, "Пётр", "Ким", ""),
        ({"ФИО": "Анна Орлова"}, "Анна", "Орлова", ""),
        ({"full_name": "Ines Moreau"}, "Ines", "Moreau", ""),
        ({"Контактное лицо": "Анна Ким"}, "Анна", "Ким", ""),
        ({"Vorname": "Eva", "Name": "Stern"}, "Eva", "Stern", ""),
        ({"Prénom": "Ines", "Nom": "de la Tour"}, "Ines", "de la Tour", ""),
        ({"name": "Kim Ortiz", "first": "Kim", "last": "Ortiz"}, "Kim", "Ortiz", ""),
        ({"name": "Kim Ortiz", "last_name": "Ortiz"}, "Kim", "Ortiz", ""),
        ({"Имя": "Сергей Ильич", "Фамилия": "Волков"}, "Сергей", "Волков", "Ильич"),
        ({"Имя": "Сергей", "Фамилия": "Волков", "Отчество": "Ильич"}, "Сергей", "Волков", "Ильич"),
        ({"name": ["Pia Berg", "pia berg"]}, "Pia", "Berg", ""),
    ],
)
def test_several_fields_make_one_name(body, first, last, second):
    visitor = recognise(body)
    assert (visitor.name, visitor.last_name, visitor.second_name) == (first, last, second)
    assert (visitor.comments, visitor.repairs) == ("", ())


@pytest.mark.parametrize(
    ("body", "first", "last", "line"),
    [
        ({"name": "Dr. Pia Berg"}, "Pia", "Berg", "name: Dr. Pia Berg"),
        ({"name": "Herr Stern"}, "", "Stern", "name: Herr Stern"),
        ({"name": ["Pia Berg", "Kim Ortiz"]}, "Pia", "Berg", "name: Kim Ortiz"),
        ({"name": "Kim Ortiz", "first_name": "Pia"}, "Pia", "", "name: Kim Ortiz"),
        ({"name": "#1001", "first_name": "Pia", "last_name": "Berg"}, "Pia", "Berg", "name: #1001"),
        ({"name": "12"}, "", "", "name: 12"),
        ({"name": ","}, "", "", "name: ,"),
        ({"name": "¨"}, "", "", "name: ¨"),
    ],
)
def test_what_a_name_does_not_take_goes_to_the_comments(body, first, last, line):
    visitor = recognise(body)
    assert (visitor.name, visitor.last_name, visitor.comments) == (first, last, line)
    assert visitor.repairs == ("value_to_comments",)


@pytest.mark.parametrize(
    "text", ["Сергей Волков", "Волков Сергей Ильич", "Pia Berg", "Ines Moreau-Dupont", "Ann O'Neil"]
)
def test_a_whole_name_is_known_where_nothing_says_so(text):
    assert person_names.is_unmistakable(text)


@pytest.mark.parametrize(
    "text", ["Сергей", "Нужен монтаж", "Call me", "Pia Berg 7", "A B", "Pia Eva Ann Berg", "Oak-table"]
)
def test_other_words_are_not_taken_for_a_name(text):
    assert not person_names.is_unmistakable(text)


@pytest.mark.slow
@pytest.mark.parametrize("piece", ["Aa ", "Aa-", "a,", "Ж ", "dr ", "'"])
@pytest.mark.parametrize(
    "question", [person_names.split, person_names.is_unmistakable, person_names.looks_like_one, person_names.words_of]
)
def test_the_worst_text_takes_no_time(question, piece):
    text = (piece * 65536)[:65536]
    began = time.process_time()
    question(text)
    assert time.process_time() - began < 0.5
