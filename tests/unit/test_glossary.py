"""Each word of docs/glossary.md has its file, and no name uses a word that is retired."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings

WORDS, RETIRED = (
    [
        [cell.strip() for cell in line.strip("|").split("|")]
        for line in part.splitlines()
        if re.match(r"\| (?!word)", line)
    ]
    for part in (settings.BASE_DIR / "docs" / "glossary.md").read_text().split("## Retired")
)
MAX_WORDS = 20
INSTEAD = {word: instead for words, instead in RETIRED for word in words.split(", ")}
PREFIXES = tuple(word for word in INSTEAD if word.endswith("_"))
# At the head of a function's name these are verbs: `load_rules` loads, and `store_token` stores.
VERBS = {"load", "store"}
# Names that stay, and why.
KEPT = {
    "portal_plan": "an operator's command, which scripts call",
    "SessionStore": "Django looks for it by this name",
}


@pytest.mark.parametrize(("word", "meaning", "file"), WORDS, ids=[row[0] for row in WORDS])
def test_each_word_stands_in_its_file(word, meaning, file):
    spelled = re.sub(r"[ _-]", "[ _-]?", word)  # `source rule` is `SourceRule` too
    assert re.search(spelled, (settings.BASE_DIR / file).read_text(), re.IGNORECASE)
    assert meaning


def test_the_list_is_short_and_names_each_word_once():
    assert len({row[0] for row in WORDS}) == len(WORDS) <= MAX_WORDS


def names(path: Path) -> Iterator[tuple[int, str, bool]]:
    """Each name that a module gives: its line, the name, and whether it is a function's."""
    yield 1, path.stem, False
    for node in ast.walk(ast.parse(path.read_text())):
        match node:
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
                yield node.lineno, name, True
            case ast.ClassDef(name=name) | ast.arg(arg=name) | ast.ExceptHandler(name=str(name)):
                yield node.lineno, name, False
            case ast.Name(id=name, ctx=ast.Store()) | ast.Attribute(attr=name, ctx=ast.Store()):
                yield node.lineno, name, False
            case ast.Import(names=aliases) | ast.ImportFrom(names=aliases):
                yield from ((node.lineno, alias.asname, False) for alias in aliases if alias.asname)


def retired(name: str, *, of_function: bool) -> str:
    """The first retired word in a name, in the singular or plural; empty where there is none."""
    if name.lstrip("_").startswith(PREFIXES):
        return next(prefix for prefix in PREFIXES if name.lstrip("_").startswith(prefix))
    words = [word.lower() for word in re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+", name)]
    if of_function and words and words[0] in VERBS:
        words = words[1:]
    return next((one for word in words for one in (word, word.removesuffix("s")) if one in INSTEAD), "")


def offenders() -> list[str]:
    paths = [path for app in ("b24app", "traces") for path in sorted((settings.BASE_DIR / app).rglob("*.py"))]
    found = {
        (str(path.relative_to(settings.BASE_DIR)), line, name, word)
        for path in paths
        if "migrations" not in path.parts  # they tell what was
        for line, name, of_function in names(path)
        if (word := retired(name, of_function=of_function))
    }
    return [
        f"{path}:{line} {name}: for “{word}” say {INSTEAD[word]}"
        for path, line, name, word in sorted(found)
        if name not in KEPT
    ]


def test_no_name_uses_a_retired_word():
    assert offenders() == []


@pytest.mark.parametrize(
    ("name", "of_function", "word"),
    [
        ("_Hit", False, "hit"),
        ("last_hits", False, "hit"),
        ("whitespace", False, ""),
        ("HTTPHit", False, "hit"),
        ("load_rules", True, ""),
        ("load_rules", False, "load"),
        ("the_load", True, "load"),
        ("_MOST_ROWS", False, "MOST_"),
        ("rulebook", False, ""),
    ],
)
def test_a_retired_word_is_found_as_a_word_of_its_own(name, of_function, word):
    assert retired(name, of_function=of_function) == word
