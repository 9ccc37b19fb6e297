"""The help: every page has its topic, in both languages, and what a topic quotes stands on the pages."""

import io
import re

import pytest
from babel.messages.pofile import read_po
from django.conf import settings

from traces.pages import frame
from traces.site import documents, values
from traces.site.documents import HELP, LANGUAGES, LEGAL

TEMPLATES = settings.BASE_DIR / "templates"
# Those that extend what htmx puts into the frame; a name with _ is a part of one.
PAGES = [
    str(path.relative_to(TEMPLATES))
    for path in sorted((TEMPLATES / "traces").rglob("*.html"))
    if "extends layout" in path.read_text()
]
TOPICS = sorted(documents.names(HELP, "en"))
EVERY = [(HELP, topic) for topic in TOPICS] + [(LEGAL, name) for name in sorted(documents.names(LEGAL, "en"))]
CATALOG = read_po(io.BytesIO((settings.LOCALE_PATHS[0] / "ru" / "LC_MESSAGES" / "django.po").read_bytes()), locale="ru")
TEXTS = {
    "en": {message.id for message in CATALOG if isinstance(message.id, str)},
    "ru": {message.string for message in CATALOG if isinstance(message.string, str)},
}


def source(folder, language, name):
    return (settings.BASE_DIR / "docs" / folder / language / f"{name}.md").read_text()


def test_there_are_pages_and_topics():
    assert len(PAGES) > 10 and len(TOPICS) > 10


@pytest.mark.parametrize("template", PAGES)
@pytest.mark.parametrize("language", LANGUAGES)
def test_every_page_has_a_topic_in_both_languages(template, language):
    assert frame.topic_of(template) in documents.names(HELP, language)


@pytest.mark.parametrize("folder", [HELP, LEGAL])
def test_every_text_is_there_in_both_languages(folder):
    assert documents.names(folder, "ru") == documents.names(folder, "en") != frozenset()


@pytest.mark.parametrize(("folder", "name"), EVERY)
def test_both_languages_have_the_same_parts(folder, name):
    english, russian = (
        re.findall(r"^(#+) |\]\(([^)]+)\)", source(folder, one, name), re.MULTILINE) for one in LANGUAGES
    )
    assert [(mark, link.replace("/ru/", "/en/")) for mark, link in russian] == english


# What is bold in the help is a name on our pages; names of other programs are in italics.
@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("topic", [topic for topic in TOPICS if topic != "about"])
def test_what_a_topic_quotes_stands_on_the_pages(topic, language):
    quoted = re.findall(r"\*\*(.+?)\*\*", source(HELP, language, topic))
    assert [text for text in quoted if text not in TEXTS[language]] == []


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(("folder", "name"), EVERY)
def test_every_link_leads_to_a_text_that_is_there(folder, name, language):
    here = settings.BASE_DIR / "docs" / folder / language
    links = re.findall(r"\]\(([^)]+\.md)\)", source(folder, language, name))
    assert [link for link in links if not (here / link).is_file()] == []


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(("folder", "name"), EVERY)
def test_every_text_is_filled_in_and_has_a_headline(folder, name, language):
    document = documents.document(folder, language, name)
    assert document.title
    assert "{{" not in document.filled(values.values())
    assert not re.search(r'href="[^"]*\.md"', document.html)


def test_a_link_of_a_text_leads_to_the_public_page():
    text = "[a](forms.md) [b](index.md) [c](../../legal/ru/privacy.md) [d](https://site.example/x.md)"
    hrefs = re.findall('href="([^"]+)"', documents.rendered(text, HELP, "ru").html)
    assert hrefs == ["/help/forms/?lang=ru", "/help/?lang=ru", "/privacy/?lang=ru", "https://site.example/x.md"]


def test_html_in_a_text_stays_text():
    assert "<script>" not in documents.rendered("# A\n\n<script>x</script> `<b>`", HELP, "en").html


@pytest.mark.parametrize("folder", [HELP, LEGAL])
def test_the_image_of_the_container_holds_the_texts(folder):
    assert f"COPY docs/{folder} docs/{folder}\n" in (settings.BASE_DIR / "Dockerfile").read_text()
    assert f"!docs/{folder}\n" in (settings.BASE_DIR / ".dockerignore").read_text()
