"""What a batch leaves on the portal, and what is read of it afterwards."""

import pytest

from b24app.api import batch, receipts
from b24app.api.batch import Command

MINE, ANOTHER = "0b5e5f0e-7f7a-4b8e-9f39-51a0a4c1d001", "0b5e5f0e-7f7a-4b8e-9f39-51a0a4c1d002"
KEYS = ["c0", "c1", "c2"]
STORES = pytest.mark.parametrize(("store", "methods"), [(0, "user.option"), (1, "app.option")])


@STORES
def test_a_mark_says_that_the_batch_has_begun(store, methods):
    options = {"trace_relay_receipt_0": f"{MINE} begun"}
    assert receipts.mark(store, MINE) == Command(f"{methods}.set", {"options": options})


@STORES
def test_a_receipt_refers_to_each_result(store, methods):
    options = {"trace_relay_receipt_0": f"{MINE} done $result[c0] $result[c1]"}
    assert receipts.receipt(store, MINE, ["c0", "c1"]) == Command(f"{methods}.set", {"options": options})


@STORES
def test_a_question_names_the_option(store, methods):
    assert receipts.question(store) == Command(f"{methods}.get", {"option": "trace_relay_receipt_0"})


def test_a_store_keeps_one_option_only():
    assert set(receipts.mark(0, MINE).params["options"]) == set(receipts.receipt(0, MINE, KEYS).params["options"])


@pytest.mark.parametrize(
    ("words", "results"),
    [
        ("3021 3022 3023", {"c0": 3021, "c1": 3022, "c2": 3023}),
        ("3021 $result[c1] 3023", {"c0": 3021, "c2": 3023}),
        ("$result[c0] $result[c1] $result[c2]", {}),
        ("3021  3023", {"c0": 3021, "c2": 3023}),
        ("-1 1.5 1e3", {}),
        ("0 007 999999999999999999", {"c0": 0, "c1": 7, "c2": 999_999_999_999_999_999}),
        ("9999999999999999999 ١ ²", {}),
        ("7\n 8\t +9", {}),
    ],
)
def test_a_receipt_tells_the_numbers(words, results):
    assert receipts.read(f"{MINE} done {words}", MINE, KEYS) == results


def test_a_receipt_of_nothing_tells_nothing():
    assert receipts.read(f"{MINE} done", MINE, []) == {}


@pytest.mark.parametrize(
    "text",
    [
        f"{ANOTHER} done 1 2 3",
        f"{ANOTHER} begun",
        f"{MINE} begun",
        f"{MINE} done 1 2",
        f"{MINE} done 1 2 3 4",
        f"{MINE} done",
        f"{MINE}",
        f"{MINE} DONE 1 2 3",
        f"{MINE[:-1]} done 1 2 3",
        f"x{MINE} done 1 2 3",
        f" {MINE} done 1 2 3",
        "",
        " ",
        None,
        [],
        {},
        [f"{MINE} done 1 2 3"],
        {"trace_relay_receipt_0": f"{MINE} done 1 2 3"},
        7,
        False,
    ],
)
def test_what_is_no_receipt_of_this_batch_tells_nothing(text):
    assert receipts.read(text, MINE, KEYS) is None


@pytest.mark.parametrize(
    ("text", "begun"),
    [
        (f"{MINE} begun", True),
        (f"{MINE} done 1 2 3", True),
        (f"{MINE} done 1", True),
        (MINE, True),
        (f"{ANOTHER} begun", False),
        (f"{MINE}0 begun", False),
        (MINE[:-1], False),
        ("", False),
        (None, False),
        ([], False),
        ([MINE], False),
        ({}, False),
        (7, False),
    ],
)
def test_a_text_of_this_batch_says_that_it_has_begun(text, begun):
    assert receipts.has_begun(text, MINE) is begun


@pytest.fixture
def left(ask):
    """Run commands between a mark and a receipt on the sandbox, and read what they left in the store."""

    def left(store, commands):
        first = {receipts.MARK_KEY: receipts.mark(store, MINE)}
        last = {receipts.RECEIPT_KEY: receipts.receipt(store, MINE, list(commands))}
        ask("batch", **batch.request(first | commands | last))
        question = receipts.question(store)
        return ask(question.method, **question.params).json()["result"]

    return left


GOOD, BAD = Command("crm.tracking.trace.add", {"TRACE": "{}"}), Command("crm.tracking.trace.add", {})


@pytest.mark.parametrize("store", range(len(receipts.OPTION_SETS)))
def test_the_portal_itself_writes_the_receipt(left, store):
    text = left(store, {"c0": GOOD, "c1": BAD, "c2": GOOD})
    assert receipts.read(text, MINE, KEYS) == {"c0": 1, "c2": 2}


def test_the_receipt_of_a_batch_that_failed_as_a_whole_names_no_result(left):
    assert receipts.read(left(0, {"c0": BAD, "c1": BAD}), MINE, ["c0", "c1"]) == {}


def test_a_single_command_leaves_a_receipt_too(left):
    assert receipts.read(left(0, {"c0": GOOD}), MINE, ["c0"]) == {"c0": 1}


def test_before_its_end_a_batch_has_left_its_mark(ask):
    ask("batch", **batch.request({receipts.MARK_KEY: receipts.mark(0, MINE), "c0": GOOD}))
    question = receipts.question(0)
    assert receipts.has_begun(ask(question.method, **question.params).json()["result"], MINE)


def test_a_portal_that_was_never_written_to_has_no_receipt(ask):
    question = receipts.question(0)
    assert receipts.read(ask(question.method, **question.params).json()["result"], MINE, KEYS) is None


def test_the_next_batch_overwrites_the_receipt(left):
    left(0, {"c0": GOOD})
    assert receipts.read(left(0, {"c0": GOOD}), ANOTHER, ["c0"]) is None


@pytest.mark.parametrize("command", [receipts.mark(0, MINE), receipts.question(1)])
def test_marks_and_questions_hold_no_reference(command):
    assert batch.can_travel(command)


def test_two_that_share_a_store_do_not_overwrite_each_other(ask):
    for place, text in ((0, "a"), (2, "b")):
        ask("batch", **batch.request({"mark": receipts.mark(place, text)}))
    for place, text in ((0, "a"), (2, "b")):
        ask("batch", **batch.request({"receipt": receipts.receipt(place, text, [])}))
    questions = [receipts.question(place) for place in (0, 2)]
    assert [ask(one.method, **one.params).json()["result"] for one in questions] == ["a done", "b done"]
