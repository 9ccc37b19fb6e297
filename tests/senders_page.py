"""docs/senders.md, made from the table of senders: `python -m tests.senders_page` writes it."""

from __future__ import annotations

from pathlib import Path

from traces.intake.senders import sender as rows
from traces.intake.senders.sender import Sender
from traces.intake.senders.table import SENDERS

PAGE = Path(__file__).resolve().parent.parent / "docs" / "senders.md"
_BEFORE = """# Senders

What posts to a form's address is recognised by the shape of its body, or by a header that only it sends. This page is
made from the table in `traces/intake/senders/` by `python -m tests.senders_page`.

A sender that is not here works too: names, labels, UTM fields, the page and goods are found by what they are called,
wherever they stand. Its own row adds what its names do not say. Whoever sends, each value ends in the submission, or it
is one that the form, the builder or the browser has added for itself.

| Sender | Recognised by | Never stored | Its own id of a delivery | Tries the connection with | Reads |
|---|---|---|---|---|---|
"""
_AFTER = """
A path is written with slashes and in small letters; `*` stands for any letters. Several paths joined by "and" must all
be there. Form id and form name are kept beside the submission's values. VK reads at its trial what the parameter
`confirmation` of the form's address says: put the text that VK shows you there, as in `/in/KEY/?confirmation=a1b2c3d4`.

Meta and WhatsApp check an address by a GET with a `hub.challenge`, which is answered; any verify token will do. Meta's
own event then names a lead by its number (`leadgen_id`) and holds nothing that the visitor typed. It becomes a record
with that number and a note. Let Zapier, Make or a program of your own fetch the lead, and let that post its fields to
the form's address instead; nothing has to be set for it here.

Simple XML and SOAP are read by their elements and attributes. A list of several people's records becomes one
submission, with a note and nothing lost: let the sender post each by itself.
"""


def page() -> str:
    """The text of the page."""
    return _BEFORE + "".join(map(_row, sorted(SENDERS, key=lambda sender: sender.name.casefold()))) + _AFTER


def _row(sender: Sender) -> str:
    cells = (
        sender.name,
        " · ".join([*(" and ".join(map(_code, shape)) for shape in sender.shapes), *map(_header, sender.headers)]),
        ", ".join(map(_code, _places(sender, rows.SECRET))),
        ", ".join(map(_code, (*sender.delivery_headers, *_places(sender, rows.DELIVERY)))),
        " · ".join(" and ".join(_code(f"{key}={value}") for key, value in probe.items()) for probe in _probes(sender)),
        _code(sender.answer) if sender.answer else "any 2xx",
    )
    return f"| {' | '.join(cell or '–' for cell in cells)} |\n"


def _places(sender: Sender, place: str) -> list[str]:
    return [path for path, found in sender.places.items() if found == place]


def _probes(sender: Sender) -> list[dict[str, str]]:
    return [*map(dict, sender.probes), *({path: "true"} for path in _places(sender, rows.PROBE))]


def _code(text: str) -> str:
    return f"`{text}`"


def _header(name: str) -> str:
    return f"header `{name}*`"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
    print(f"wrote {PAGE.name}: {len(SENDERS)} senders")
