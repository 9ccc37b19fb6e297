"""Each language is complete, and what is compiled is what is written."""

import ast
import io
import re
from pathlib import Path

import pytest
from babel.messages.mofile import read_mo, write_mo
from babel.messages.pofile import read_po
from django.conf import settings
from django.utils import translation
from django.utils.translation.template import templatize

from b24app.api.remedies import REMEDIES
from traces import sentences
from traces.compose import sources
from traces.models import ShownState
from traces.setup import rules, rules_csv

LOCALES = [translation.to_locale(code) for code, _name in settings.LANGUAGES if code != "en"]
APPS = ("b24app", "traces")
GETTEXT = {"_", "gettext", "gettext_lazy"}
NGETTEXT = {"ngettext", "ngettext_lazy"}


def file_of(locale, name):
    return settings.BASE_DIR / "traces" / "locale" / locale / "LC_MESSAGES" / name


@pytest.fixture(scope="module", params=LOCALES)
def locale(request):
    return request.param


@pytest.fixture(scope="module")
def catalog(locale):
    return read_po(io.BytesIO(file_of(locale, "django.po").read_bytes()), locale=locale)


def test_every_text_is_translated(catalog):
    assert [message.id for message in catalog if message.id and (not all(pairs(message)) or message.fuzzy)] == []


def test_what_is_compiled_is_what_is_written(catalog, locale):
    compiled = io.BytesIO()
    write_mo(compiled, catalog)
    compiled.seek(0)
    assert texts_of(read_mo(io.BytesIO(file_of(locale, "django.mo").read_bytes()))) == texts_of(read_mo(compiled))


def texts_of(catalog):
    """The texts by their English one; those that count something by (singular, plural)."""
    return {m.id if isinstance(m.id, str) else tuple(m.id): m.string for m in catalog if m.id}


def pairs(message):
    """A text in English and in the other language; where it counts something, each form with the English plural."""
    if isinstance(message.id, str):
        return [(message.id, message.string)] if message.string else [()]
    return [(message.id[1], form) if form else () for form in message.string]


def texts_of_code(path):
    """The texts that a module gives to gettext; those that count something as (singular, plural)."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            if node.func.id in GETTEXT:
                yield ast.literal_eval(node.args[0])
            elif node.func.id in NGETTEXT:
                yield tuple(ast.literal_eval(argument) for argument in node.args[:2])


def texts_of_template(path):
    """The same of a template, as Django itself finds them."""
    text = r"""u?('(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")"""
    source = templatize(path.read_text())
    for one in re.findall(rf"(?<!n)gettext\({text}", source):
        yield ast.literal_eval(one)
    for forms in re.findall(rf"ngettext\({text}, *{text}", source):
        yield tuple(map(ast.literal_eval, forms))


@pytest.fixture(scope="module")
def used():
    """All texts that code and templates have translated."""
    used = {text for path in (settings.BASE_DIR / "templates").rglob("*.html") for text in texts_of_template(path)}
    used |= {text for app in APPS for path in (settings.BASE_DIR / app).rglob("*.py") for text in texts_of_code(path)}
    return used


def test_the_catalog_holds_every_text_in_use_and_no_other(catalog, used):
    assert set(texts_of(catalog)) == used


def test_what_is_filled_in_is_filled_in_in_each_language(catalog):
    places = re.compile(r"%\(\w+\)s")
    differ = [
        (english, text)
        for message in catalog
        if message.id
        for english, text in filter(None, pairs(message))
        if sorted(places.findall(text)) != sorted(places.findall(english)) and not is_for_one(message, text, places)
    ]
    assert differ == []


def is_for_one(message, text, places):
    """Whether a text is the form for one, and fills in what the English one does: it may say the number in words."""
    return (
        not isinstance(message.id, str)
        and text == message.string[0]
        and set(places.findall(text)) == set(places.findall(message.id[0]))
    )


@pytest.mark.parametrize("sign", ["?", "!", ":", "."])
def test_a_sentence_ends_alike_in_both(catalog, sign):
    both = [pair for message in catalog if message.id for pair in filter(None, pairs(message))]
    assert [pair for pair in both if pair[0].endswith(sign) != pair[1].endswith(sign)] == []


def test_this_is_the_only_folder_of_translations():
    places = [settings.BASE_DIR, *(settings.BASE_DIR / app for app in APPS)]
    assert [place / "locale" for place in places if (place / "locale").exists()] == list(
        map(Path, settings.LOCALE_PATHS)
    )


def all_sentences():
    tables = (dict(ShownState.choices), sentences.REPAIRS, sentences.OUTCOMES, sentences.MAPPING)
    for table in (*tables, sentences.RULES, sentences.RULE_FAULTS, sentences.RULE_HOWS):
        yield from table.values()
    yield from (*sentences.NOTES.values(), sentences.GAVE_UP, sentences.AFTER_THREE_DAYS)
    for failure in (*sentences.FAILURES.values(), sentences.UNKNOWN_FAILURE):
        yield from (failure.happened, failure.why, failure.todo)
    for remedy in REMEDIES.values():
        yield from (remedy.happened, remedy.todo)


def test_every_sentence_has_a_russian_one():
    with translation.override("ru"):
        russian = [str(text) for text in all_sentences()]
    assert [text for text in russian if not re.search("[а-я]", text)] == []


def test_every_way_to_compare_and_every_fault_of_a_rule_has_a_sentence():
    assert set(sentences.RULE_HOWS) == set(sources.OPERATORS)
    assert set(sentences.RULE_FIELDS) == set(sources.FIELDS)
    ours = {rules.SECOND_DEFAULT, rules.TOO_MANY, rules.GONE}
    file = {rules_csv.NO_HEAD, rules_csv.TOO_LARGE, rules_csv.UNREADABLE}
    assert set(sentences.RULE_FAULTS) == {*sources.FAULTS, *ours, *file}
