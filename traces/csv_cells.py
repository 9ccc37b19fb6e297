"""Cells of a CSV file that a spreadsheet reads as text, never as a formula. Pure.

A part of a cell that begins like a formula gets an apostrophe before it (OWASP, "CSV Injection"). Parts count, not the
cell alone: some spreadsheets split a line at semicolons or tabs, whatever else the file says, and take quotes and
spaces at the beginning of such a part away.
"""

import re

# The byte order mark by which Excel knows UTF-8.
MARK = "\ufeff"
# Full-width signs are read as the plain ones.
_BEGINNING = r"""[ "]*['=+\-@\t\r\uff1d\uff0b\uff0d\uff20]"""
_FORMULA = re.compile(rf"(^|[;\t\r\n])(?={_BEGINNING})")
_ESCAPED = re.compile(rf"(^|[;\t\r\n])'(?={_BEGINNING})")


def escape(cell: str) -> str:
    """The cell as a file holds it; `unescape` gives the cell back."""
    return _FORMULA.sub(r"\1'", cell)


def unescape(cell: str) -> str:
    """A cell of a file, without the apostrophes that `escape` put there."""
    return _ESCAPED.sub(r"\1", cell)
