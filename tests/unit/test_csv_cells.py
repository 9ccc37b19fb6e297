"""Cells of a CSV file are text in a spreadsheet, wherever it splits a line."""

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


@pytest.mark.parametrize("cell", ["Anna", "a-b", "1+1", "a@b.example", "x; y"])
def test_an_ordinary_cell_stays_as_it_is(cell):
    assert csv_cells.escape(cell) == cell
