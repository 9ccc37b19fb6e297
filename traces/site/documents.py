"""The texts of the public pages: Markdown files in docs/, one folder a language, the same that a repository shows.

`docs/help/LANGUAGE/TOPIC.md` is the help, `docs/legal/LANGUAGE/NAME.md` what a lawyer reads. `{{ NAME }}` in a text is
filled in when it is shown (`traces.site.values`). HTML in them stays text: markdown-it escapes it.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from urllib.parse import urlsplit

from django.conf import settings
from django.urls import reverse
from django.utils.safestring import SafeString, mark_safe
from markdown_it import MarkdownIt
from markdown_it.token import Token

LANGUAGES = ("en", "ru")
HELP, LEGAL = "help", "legal"
_FOLDER = settings.BASE_DIR / "docs"
_PLACE = re.compile(r"\{\{ (\w+) \}\}")


@dataclass(frozen=True, slots=True)
class Document:
    """A text as HTML, with its `{{ NAME }}` still in it, and its headline without any markup."""

    title: str
    html: str

    def filled(self, values: Mapping[str, str]) -> SafeString:
        """The HTML with the values, which are HTML themselves. Raises KeyError for a name without one."""
        return mark_safe(_PLACE.sub(lambda place: values[place[1]], self.html))


@functools.cache
def names(folder: str, language: str) -> frozenset[str]:
    """The texts that a folder has in a language; the files do not change while the process runs."""
    return frozenset(path.stem for path in (_FOLDER / folder / language).glob("*.md"))


@functools.cache
def document(folder: str, language: str, name: str) -> Document:
    """A text. Raises KeyError where the folder has none of this name."""
    if name not in names(folder, language):
        raise KeyError(name)
    return rendered((_FOLDER / folder / language / f"{name}.md").read_text(encoding="utf-8"), folder, language)


def rendered(text: str, folder: str, language: str) -> Document:
    """A Markdown text as it stands in a folder of docs/; its links lead to the public pages."""
    markdown = MarkdownIt("commonmark", {"html": False}).enable("table")
    tokens = markdown.parse(text)
    for token in tokens:
        for part in token.children or ():
            if part.type == "link_open":
                part.attrSet("href", _address(str(part.attrGet("href")), folder, language))
    return Document(_title(tokens), markdown.renderer.render(tokens, markdown.options, {}))


def _title(tokens: list[Token]) -> str:
    for opening, inline in zip(tokens, tokens[1:], strict=False):
        if opening.tag == "h1":
            return "".join(part.content for part in inline.children or ())
    return ""


def _address(link: str, folder: str, language: str) -> str:
    """Where a link leads on the public pages; one to another site stays."""
    parts = urlsplit(link)
    if parts.scheme or not parts.path:
        return link
    path = PurePosixPath(parts.path)
    target = path.parent.parent.name or folder
    return f"{address(target, path.stem)}?lang={language}"


def address(folder: str, name: str) -> str:
    """The path of a text's public page."""
    if folder == LEGAL:
        return reverse(name)
    return reverse("help") if name == "index" else reverse("help-topic", args=[name])
