"""`python -m tests.market`: whether the card's texts, icon and pictures keep the Market's rules; ends with 1 if not.

Source: Bitrix24's documentation, "Requirements for Formatting and Content of Solutions" (1.B and 1.C) and "Guidelines
for Successful and Quick Moderation". What only the vendor can fill in is listed, and is no fault.
"""

from __future__ import annotations

import re
import struct
import sys
from collections.abc import Iterator
from pathlib import Path

from b24app import __version__

ROOT = Path(__file__).resolve().parent.parent
FOLDER, LEGAL = ROOT / "docs" / "market", ROOT / "docs" / "legal"
LANGUAGES = ("en", "ru")
FIELDS = (
    *("Title", "Categories", "Tags", "Short description", "Full description", "Keywords", "Installation", "Support"),
    *("License agreement", "Privacy policy", "Menu item", "Test data", f"What's new in {__version__}"),
)
MAX_CATEGORIES, MAX_TAGS, MAX_SENTENCES, MAX_KEYWORDS = 5, 5, 2, 2000
# "Concise", says the Market; a tile of its catalogue shows about so much.
MAX_TITLE, MAX_SHORT = 60, 200
ICON_SIZES, MAX_SCREEN = (250, 650), (1280, 720)
MIN_SCREENS = 3
BRANDS = re.compile(r"bitrix|битрикс|google|tilda|тильда|wordpress|яндекс|yandex", re.IGNORECASE)
# A description may not offer, ask to contact, or sell; contacts belong into the field for support.
UNWANTED = re.compile(r"\b(discount|buy|order now|скидк\w*|купи\w*|акци[яи])\b|https?://|@", re.IGNORECASE)
# What the full description has to name: the plan, the rights, the limits.
NAMED = {
    "en": ("plan", "Market subscription", "administrator", "LIMITS"),
    "ru": ("тариф", "подписка", "администратор", "ОГРАНИЧЕНИЯ"),
}
PLACE = re.compile(r"\{\{ (\w+) \}\}")


def listing(language: str) -> dict[str, str]:
    """The texts of the card in a language, by the names of its fields."""
    text = (FOLDER / language / "listing.md").read_text(encoding="utf-8")
    parts = re.split(r"^## (.+)$", text, flags=re.MULTILINE)
    return {name.strip(): body.strip() for name, body in zip(parts[1::2], parts[2::2], strict=True)}


def faults_of_texts(texts: dict[str, str], language: str) -> Iterator[str]:
    """What the Market would return the card's texts for."""
    yield from (f"{name}: empty" for name in FIELDS if not texts.get(name))
    yield from (f"{name}: no field of the card" for name in texts if name not in FIELDS)
    title, short, full = (texts.get(name, "") for name in ("Title", "Short description", "Full description"))
    if len(title) > MAX_TITLE:
        yield f"Title: {len(title)} characters, at most {MAX_TITLE}"
    if len(short) > MAX_SHORT or len(re.findall(r"[.!?](?:\s|$)", short)) > MAX_SENTENCES:
        yield f"Short description: at most {MAX_SENTENCES} sentences and {MAX_SHORT} characters"
    if title and title.lower() in short.lower():
        yield "Short description: repeats the title"
    yield from (f"Full description: does not name {word!r}" for word in NAMED[language] if word not in full)
    for name in ("Short description", "Full description"):
        if found := UNWANTED.search(texts.get(name, "")):
            yield f"{name}: {found[0]!r}"
    yield from _faults_of_lists(texts)
    if language == "en" and (found := re.search("[а-яё]", "".join(texts.values()), re.IGNORECASE)):
        yield f"a Russian letter in the English card: {found[0]!r}"


def _faults_of_lists(texts: dict[str, str]) -> Iterator[str]:
    keywords = texts.get("Keywords", "")
    if len(keywords) > MAX_KEYWORDS:
        yield f"Keywords: {len(keywords)} characters, at most {MAX_KEYWORDS}"
    if found := BRANDS.search(keywords):
        yield f"Keywords: a brand, {found[0]!r}"
    words = [word.strip() for word in keywords.split(",")]
    yield from (f"Keywords: twice, {word!r}" for word in sorted(set(words)) if words.count(word) > 1)
    for name, sign, most in (("Categories", ";", MAX_CATEGORIES), ("Tags", ",", MAX_TAGS)):
        if len(texts.get(name, "").split(sign)) > most:
            yield f"{name}: more than {most}"


def faults_of_agreements(title: str, language: str) -> Iterator[str]:
    """What is wrong with the legal texts: they must name the solution exactly as the card does."""
    for path in sorted((LEGAL / language).glob("*.md")):
        if title not in path.read_text(encoding="utf-8"):
            yield f"{path.relative_to(ROOT)}: does not name {title!r}"


def png_size(path: Path) -> tuple[int, int, bool]:
    """Width, height and whether a PNG has transparency. Raises ValueError for another file."""
    head = path.read_bytes()
    if head[:8] != b"\x89PNG\r\n\x1a\n":
        raise ValueError(f"{path.name} is no PNG")
    width, height, _depth, kind = struct.unpack(">IIBB", head[16:26])
    return width, height, kind in (4, 6) or b"tRNS" in head[: head.find(b"IDAT")]


def faults_of_icon(path: Path) -> Iterator[str]:
    """What the Market would return the icon for."""
    width, height, is_transparent = png_size(path)
    least, most = ICON_SIZES
    if width != height or not least <= width <= most:
        yield f"{path.name}: {width} × {height}; it must be square, {least} to {most} pixels"
    if is_transparent:
        yield f"{path.name}: it must not be transparent"


def faults_of_screens(folder: Path) -> Iterator[str]:
    """What the Market would return the pictures of the pages for; none at all is the vendor's to mend."""
    for path in sorted(folder.rglob("*.png")):
        width, height, _ = png_size(path)
        if width > MAX_SCREEN[0] or height > MAX_SCREEN[1]:
            yield f"{path.relative_to(ROOT)}: {width} × {height}, at most {MAX_SCREEN[0]} × {MAX_SCREEN[1]}"


def faults() -> list[str]:
    """All that is wrong."""
    found = list(faults_of_icon(FOLDER / "icon.png"))
    for language in LANGUAGES:
        texts = listing(language)
        every = [*faults_of_texts(texts, language), *faults_of_agreements(texts["Title"], language)]
        found += [f"{language}: {fault}" for fault in [*every, *faults_of_screens(FOLDER / language)]]
    return found


def for_the_vendor() -> Iterator[str]:
    """What only the vendor can fill in or make."""
    for language in LANGUAGES:
        places = {place for text in listing(language).values() for place in PLACE.findall(text)}
        yield f"{language}: fill in {', '.join(sorted(places))}"
        if len(list((FOLDER / language).glob("*.png"))) < MIN_SCREENS:
            folder = FOLDER.relative_to(ROOT) / language
            yield f"{language}: {MIN_SCREENS} pictures of the application open in a real portal, as PNG in {folder}"


def main() -> int:
    found = faults()
    print(*(f"wrong   {fault}" for fault in found), *(f"vendor  {task}" for task in for_the_vendor()), sep="\n")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
