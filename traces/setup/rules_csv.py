"""A portal's source rules as a CSV file, to be changed in a spreadsheet and read back. Pure.

UTF-8 with a byte order mark; read with commas or semicolons. Cells are escaped as `traces.csv_cells` says.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable

from traces import csv_cells
from traces.compose import sources
from traces.compose.sources import Rule
from traces.setup import rules

HEAD = ("match", "how", "value", "utm_source", "crm_source", "crm_description")
MAX_SIZE = 250_000  # characters
# What is wrong with a file, besides the faults of its rules.
NO_HEAD, TOO_LARGE, UNREADABLE = "no_head", "too_large", "unreadable"

# The number of a line, from 1, and a code of `sentences.RULE_FAULTS`.
Fault = tuple[int, str]


def written(listed: Iterable[Rule]) -> str:
    """The rules as the text of a file."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(HEAD)
    for rule in listed:
        cells = (rule.field, rule.operator, rule.value, rule.utm_source, rule.crm_source, rule.crm_description)
        writer.writerow(map(csv_cells.escape, cells))
    return csv_cells.MARK + text.getvalue()


def read(text: str) -> tuple[list[Rule], list[Fault]]:
    """The rules of a file, and its faults; where there are any, it is not to be used."""
    text = text.removeprefix(csv_cells.MARK)
    if len(text) > MAX_SIZE:
        return [], [(1, TOO_LARGE)]
    head = text.partition("\n")[0]
    reader = csv.reader(io.StringIO(text), delimiter=";" if head.count(";") > head.count(",") else ",")
    try:
        return _read([(reader.line_num, cells) for cells in reader if any(cells)])
    except csv.Error:
        return [], [(reader.line_num, UNREADABLE)]


def _read(lines: list[tuple[int, list[str]]]) -> tuple[list[Rule], list[Fault]]:
    names = [name.strip().lower() for name in lines[0][1]] if lines else []
    if not {"match", "value"} <= set(names):
        return [], [(1, NO_HEAD)]
    if len(lines) > rules.MAX_RULES + 1:
        return [], [(rules.MAX_RULES + 2, rules.TOO_MANY)]
    found: list[Rule] = []
    faults: list[Fault] = []
    for number, cells in lines[1:]:
        rule = _rule(dict(zip(names, map(csv_cells.unescape, cells), strict=False)))
        fault = sources.fault(rule)
        if not fault and rule.field == sources.ANY and any(one.field == sources.ANY for one in found):
            fault = rules.SECOND_DEFAULT
        if fault:
            faults.append((number, fault))
        found.append(rule)
    return found, faults


def _rule(cells: dict[str, str]) -> Rule:
    match = cells.get("match", "").strip().lower()
    return Rule(
        id=0,
        field=match,
        operator=cells.get("how", "").strip().lower() or sources.EQUALS,
        value="" if match == sources.ANY else cells.get("value", ""),
        utm_source=cells.get("utm_source", "").strip(),
        crm_source=cells.get("crm_source", "").strip(),
        crm_description=cells.get("crm_description", "").strip(),
    )
