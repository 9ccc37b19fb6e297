"""Russian is complete, and what is compiled is what is written."""

import io
import re
from pathlib import Path

import pytest
from babel.messages.mofile import read_mo, write_mo
from babel.messages.pofile import read_po
from django.conf import settings
from django.utils import translation

from b24app.remedies import REMEDIES
from traces import sentences

FOLDER = settings.BASE_DIR / "traces" / "locale" / "ru" / "LC_MESSAGES"
TEMPLATE_TEXT = re.compile(r'{%\s*translate\s+"([^"]+)"')


@pytest.fixture(scope="module")
def catalog():
    return read_po(io.BytesIO((FOLDER / "django.po").read_bytes()), locale="ru")


def test_every_text_is_translated(catalog):
    assert [message.id for message in catalog if message.id and (not message.string or message.fuzzy)] == []


def test_what_is_compiled_is_what_is_written(catalog):
    compiled = io.BytesIO()
    write_mo(compiled, catalog)
    compiled.seek(0)
    texts = {message.id: message.string for message in read_mo(compiled) if message.id}
    assert {m.id: m.string for m in read_mo(io.BytesIO((FOLDER / "django.mo").read_bytes())) if m.id} == texts


def test_every_text_of_the_templates_is_in_the_catalog(catalog):
    used = {
        text
        for path in Path(settings.BASE_DIR, "templates").rglob("*.html")
        for text in TEMPLATE_TEXT.findall(path.read_text())
    }
    assert used and [text for text in used if text not in catalog] == []


def all_sentences():
    for table in (sentences.STATES, sentences.REPAIRS, sentences.OUTCOMES):
        yield from table.values()
    yield from (sentences.WORKER_LOST, sentences.GAVE_UP)
    for remedy in REMEDIES.values():
        yield from (remedy.happened, remedy.todo)


def test_every_sentence_has_a_russian_one():
    with translation.override("ru"):
        russian = [str(text) for text in all_sentences()]
    assert [text for text in russian if not re.search("[а-я]", text)] == []
