"""Cells of a CSV file that a spreadsheet reads as text, never as a formula. Pure.

A cell that begins like a formula gets an apostrophe before it (OWASP, "CSV Injection").
"""

# The byte order mark by which Excel knows UTF-8.
MARK = "\ufeff"
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


def escape(cell: str) -> str:
    """The cell as a file holds it; `unescape` gives the cell back."""
    return f"'{cell}" if cell.startswith((*_FORMULA_STARTS, "'")) else cell


def unescape(cell: str) -> str:
    """A cell of a file, without the apostrophe that `escape` put there."""
    return cell[1:] if cell.startswith("'") and cell[1:].startswith((*_FORMULA_STARTS, "'")) else cell
