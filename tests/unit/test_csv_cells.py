"""Cells of a CSV file are text in a spreadsheet, wherever it splits a line."""

import csv
import io
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from traces import csv_cells

CELLS = st.text(st.one_of(st.sampled_from("=+-@;\t\r\n'\uff1d\uff0b"), st.characters(codec="utf-8")))


@given(CELLS)
def test_a_cell_comes_back_as_it_was(cell):
    assert csv_cells.unescape(csv_cells.escape(cell)) == cell


@given(CELLS)
def test_no_part_of_a_cell_begins_like_a_formula(cell):
    parts = re.split(r"[;\t\r\n]", csv_cells.escape(cell))
    assert not [part for part in parts if part.startswith(tuple("=+-@\uff1d\uff0b\uff0d\uff20"))]


@given(st.lists(st.text(st.sampled_from("x=;\t\r\n, \"'"), min_size=1), min_size=1), st.sampled_from(",;\t"))
def test_no_cell_that_a_spreadsheet_reads_begins_like_a_formula(cells, separator):
    file = io.StringIO(newline="")
    csv.writer(file).writerow(["id", *map(csv_cells.escape, cells)])
    file.seek(0)
    read = [cell.lstrip(" ") for line in csv.reader(file, delimiter=separator) for cell in line]
    assert not [cell for cell in read if cell.startswith("=")]


@pytest.mark.parametrize("cell", ["Anna", "a-b", "1+1", "a@b.example", "x; y"])
def test_an_ordinary_cell_stays_as_it_is(cell):
    assert csv_cells.escape(cell) == cell
