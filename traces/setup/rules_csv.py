"""A portal's source rules as a CSV file, to be changed in a spreadsheet and read back. Pure.

UTF-8 with a byte order mark; read with commas or semicolons. Cells are escaped as `traces.csv_cells` says.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from traces import csv_cells
from traces.compose import sources
from traces.compose.sources import Rule
from traces.setup import rules

HEAD = ("match", "how", "value", "utm_source", "crm_source", "crm_description", "also_known", "active")
# What a cell of also_known says where a default rule is for unknown sources alone; all else, and a file of before
# without the column, is yes. The same of active, for any rule.
NO = "no"
MAX_SIZE = 250_000  # characters
# What is wrong with a file, besides the faults of its rules.
NO_HEAD, TOO_LARGE, UNREADABLE = "no_head", "too_large", "unreadable"


class LineFault(NamedTuple):
    """What is wrong with a line of a file: its number, from 1, and a code of `sentences.RULE_FAULTS`."""

    line: int
    code: str


def write(listed: Iterable[Rule]) -> str:
    """The rules as the text of a file."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(HEAD)
    for rule in listed:
        cells = (rule.field, rule.operator, rule.value, rule.utm_source, rule.crm_source, rule.crm_description)
        known = ("yes" if rule.also_known else NO) if rule.field == sources.ANY else ""
        writer.writerow(map(csv_cells.escape, (*cells, known, "yes" if rule.active else NO)))
    return csv_cells.MARK + text.getvalue()


def read(text: str) -> tuple[list[Rule], list[LineFault]]:
    """The rules of a file, and its faults; where there are any, it is not to be used."""
    text = text.removeprefix(csv_cells.MARK)
    if len(text) > MAX_SIZE:
        return [], [LineFault(1, TOO_LARGE)]
    head = text.partition("\n")[0]
    reader = csv.reader(io.StringIO(text), delimiter=";" if head.count(";") > head.count(",") else ",")
    try:
        return _read_lines([(reader.line_num, cells) for cells in reader if any(cells)])
    except csv.Error:
        return [], [LineFault(reader.line_num, UNREADABLE)]


def _read_lines(lines: list[tuple[int, list[str]]]) -> tuple[list[Rule], list[LineFault]]:
    names = [name.strip().lower() for name in lines[0][1]] if lines else []
    if not {"match", "value"} <= set(names):
        return [], [LineFault(1, NO_HEAD)]
    if len(lines) > rules.MAX_RULES + 1:
        return [], [LineFault(rules.MAX_RULES + 2, rules.TOO_MANY)]
    listed: list[Rule] = []
    faults: list[LineFault] = []
    for number, cells in lines[1:]:
        rule = _rule_of_cells(dict(zip(names, map(csv_cells.unescape, cells), strict=False)))
        if fault := sources.fault(rule) or _second_default(rule, listed):
            faults.append(LineFault(number, fault))
        listed.append(rule)
    return listed, faults


def _second_default(rule: Rule, before: Iterable[Rule]) -> str:
    again = rule.field == sources.ANY and any(other.field == sources.ANY for other in before)
    return rules.SECOND_DEFAULT if again else ""


def _rule_of_cells(cells: Mapping[str, str]) -> Rule:
    field = cells.get("match", "").strip().lower()
    operator = cells.get("how", "").strip().lower() or sources.EQUALS
    return Rule(
        id=0,
        field=field,
        operator=operator,
        value="" if sources.without_value(field, operator) else cells.get("value", ""),
        utm_source=cells.get("utm_source", "").strip(),
        crm_source=cells.get("crm_source", "").strip(),
        crm_description=cells.get("crm_description", "").strip(),
        also_known=field != sources.ANY or cells.get("also_known", "").strip().lower() != NO,
        active=cells.get("active", "").strip().lower() != NO,
    )
