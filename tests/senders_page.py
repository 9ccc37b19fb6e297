"""docs/senders.md, made from the table of senders: `python -m tests.senders_page` writes it."""

from __future__ import annotations

from pathlib import Path

from traces.intake.senders import sender as rows
from traces.intake.senders.sender import Sender
from traces.intake.senders.table import SENDERS

PAGE = Path(__file__).resolve().parent.parent / "docs" / "senders.md"
_BEFORE = """# Senders

Trace Relay recognises a sender by the shape of its body, or by a header that only this sender uses. This page is
generated from the table in `traces/intake/senders/` by `python -m tests.senders_page`.

Senders that are not listed work, too: names, labels, UTM fields, the page and goods are found by their names, wherever
they are. A row in the table adds what the names do not say. For every sender, each value is stored in the submission,
unless the form, the builder or the browser added it for itself.

| Sender | Recognised by | Never stored | Its delivery id | Its connection test | Expects |
|---|---|---|---|---|---|
"""
_AFTER = """
Paths are written with slashes and in lower case; `*` stands for any letters. Paths joined by "and" must all be
present. Form id and form name are stored beside the submission's values. VK's connection test expects the value of the
parameter `confirmation` in the form's address: put the text that VK shows you there, as in
`/in/KEY/?confirmation=a1b2c3d4`.

Meta and WhatsApp check an address by a GET with a `hub.challenge`, which is answered; any verify token works. Meta's
own event contains only the lead's number (`leadgen_id`) and nothing that the visitor typed. It becomes a record with
that number and a note. Let Zapier, Make or your own program fetch the lead and post its fields to the form's address
instead; this needs no settings here.

Simple XML and SOAP are read by their elements and attributes. A list of records of several people becomes one
submission, with a note and nothing lost: configure the sender to post each one separately.
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
