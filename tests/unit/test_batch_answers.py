"""How the answer to many commands in one request is read."""

import contextlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from b24app.api import batch, errors
from b24app.api.batch import Command, Operating

TEXTS = st.text(st.characters(exclude_categories=["Cs"]))
ADD = Command("crm.tracking.trace.add", {"TRACE": "{}"})
NAMED = {"c0": ADD, "c1": ADD}
NUMBERED = {"0": ADD, "1": ADD}
FAULT = {"error": "ERROR_CORE", "error_description": "Wrong ID."}


def body(result, error, time=()):
    """The result of a batch call, in its five collections."""
    return {
        "result": result,
        "result_error": error,
        "result_total": [],
        "result_next": [],
        "result_time": list(time) if isinstance(time, tuple) else time,
    }


@pytest.mark.parametrize(
    ("commands", "answer", "results", "failed"),
    [
        (NAMED, body({"c0": 7, "c1": 8}, []), {"c0": 7, "c1": 8}, set()),
        (NAMED, body({"c1": 8}, {"c0": FAULT}), {"c1": 8}, {"c0"}),
        (NAMED, body([], {"c0": FAULT, "c1": FAULT}), {}, {"c0", "c1"}),
        (NAMED, body({"c0": 7}, []), {"c0": 7}, set()),
        (NAMED, body([], []), {}, set()),
        (NAMED, body({}, {}), {}, set()),
        (NAMED, body({"c0": None, "c1": False}, []), {"c0": None, "c1": False}, set()),
        (NUMBERED, body([7, 8], []), {"0": 7, "1": 8}, set()),
        (NUMBERED, body([7], {"1": FAULT}), {"0": 7}, {"1"}),
        (NUMBERED, body({"1": 8}, [FAULT]), {"1": 8}, {"0"}),
        (NUMBERED, body([], [FAULT, FAULT]), {}, {"0", "1"}),
    ],
    ids=[
        "all well",
        "one failed",
        "all failed",
        "one not run",
        "none run, as lists",
        "none run, as maps",
        "results of nothing",
        "a list of all",
        "a list of the first",
        "a map of the second",
        "a list of errors",
    ],
)
def test_an_answer_is_read_in_every_shape(commands, answer, results, failed):
    found = batch.read(answer, commands)
    assert (found.results, set(found.errors)) == (results, failed)


@pytest.mark.parametrize(
    "answer", [None, "", "<html>", 7, True, [], {}, {"result": {}}, {"result_error": []}, [[], []]]
)
def test_what_is_no_answer_of_a_batch_tells_nothing(answer):
    with pytest.raises(errors.Ambiguous):
        batch.read(answer, NAMED)


def test_an_error_of_a_command_that_was_not_sent_is_ignored():
    assert batch.read(body({"c0": 7}, {"c9": FAULT}), NAMED).errors == {}


def test_the_time_of_a_command_that_was_not_sent_is_ignored():
    assert batch.read(body({"c0": 7}, [], {"c9": time_of(3)}), NAMED).operating == {}


@pytest.mark.parametrize(
    ("error", "kind", "code"),
    [
        (FAULT, errors.Refused, "error_core"),
        ({"error": "", "error_description": "Access denied."}, errors.OtherUser, "no_rights"),
        ({"error": "insufficient_scope", "error_description": ""}, errors.Stop, "insufficient_scope"),
        ({"error": "ERROR_METHOD_NOT_FOUND"}, errors.Stop, "method_missing"),
        ({"error": None, "error_description": None}, errors.Refused, "refused"),
        ({"error": 7}, errors.Refused, "refused"),
        ({"error": {"code": "insufficient_scope", "message": ""}}, errors.Stop, "insufficient_scope"),
        ("INTERNAL_SERVER_ERROR", errors.Ambiguous, "internal_server_error"),
        ([], errors.Transient, "[]"),
    ],
)
def test_a_failed_command_has_an_error_of_its_own(error, kind, code):
    found = batch.read(body([], {"c0": error}), NAMED).errors["c0"]
    assert (type(found), found.code) == (kind, code)


def test_an_error_keeps_its_description():
    assert batch.read(body([], {"c0": FAULT}), NAMED).errors["c0"].description == "Wrong ID."


def test_a_method_that_has_used_its_time_is_named():
    blocked = {"error": "OPERATION_TIME_LIMIT", "error_description": "Method is blocked due to operation time limit."}
    assert batch.read(body([], {"c1": blocked}), NAMED).errors["c1"].method == ADD.method


def time_of(used, resets_in=600):
    """The `time` of a command in the cloud."""
    return {"finish": 1_790_000_000.5, "operating": used, "operating_reset_at": 1_790_000_000.5 + resets_in}


def test_the_last_figures_of_a_method_count_all_its_commands():
    times = {"c0": time_of(0.3), "c1": time_of(0.7, 540)}
    assert batch.read(body({"c0": 7, "c1": 8}, [], times), NAMED).operating == {ADD.method: Operating(0.7, 540)}


def test_each_method_has_figures_of_its_own():
    commands = {"c0": ADD, "c1": Command("user.option.set", {})}
    answer = body([7, True], [], {"c0": time_of(0.3), "c1": time_of(0.1)})
    assert {name: found.used for name, found in batch.read(answer, commands).operating.items()} == {
        "crm.tracking.trace.add": 0.3,
        "user.option.set": 0.1,
    }


def test_the_times_of_numbered_commands_are_a_list():
    answer = body([7, 8], [], [time_of(0.3), time_of(0.7)])
    assert batch.read(answer, NUMBERED).operating == {ADD.method: Operating(0.7, 600)}


def test_a_time_without_figures_does_not_hide_another():
    answer = body({"c0": 7, "c1": 8}, [], {"c0": time_of(0.3), "c1": {}})
    assert batch.read(answer, NAMED).operating == {ADD.method: Operating(0.3, 600)}


@pytest.mark.parametrize("time", [None, "", 7, [], {}])
def test_an_answer_may_have_no_times(time):
    assert batch.read(body({"c0": 7}, []) | {"result_time": time}, NAMED).operating == {}


def test_an_answer_may_leave_out_the_other_collections():
    assert batch.read({"result": {"c0": 7}, "result_error": []}, NAMED).results == {"c0": 7}


@pytest.mark.parametrize(
    ("used", "resets_in", "expected"),
    [
        (0, 0, Operating(0, 0)),
        (3.5, 20, Operating(3.5, 20)),
        (-1, 20, Operating(0, 20)),
        (3, -20, Operating(3, 0)),
        (3, 90_000, Operating(3, 600)),
    ],
)
def test_figures_are_kept_in_bounds(used, resets_in, expected):
    assert batch.operating_of(time_of(used, resets_in)) == expected


@pytest.mark.parametrize("name", ["operating", "operating_reset_at", "finish"])
@pytest.mark.parametrize("odd", [None, "", "3", [], {}])
def test_an_odd_figure_makes_them_unknown(name, odd):
    assert batch.operating_of(time_of(3) | {name: odd}) is None


@pytest.mark.parametrize("name", ["operating", "operating_reset_at", "finish"])
def test_a_missing_figure_makes_them_unknown(name):
    time = time_of(3)
    del time[name]
    assert batch.operating_of(time) is None


@pytest.mark.parametrize("time", [None, "", 7, [], {}])
def test_what_is_no_time_has_no_figures(time):
    assert batch.operating_of(time) is None


@pytest.mark.parametrize("figure", [10**400, True, float("nan"), "3", None])
def test_odd_figures_are_none(figure):
    assert batch.operating_of({"operating": figure, "operating_reset_at": 1, "finish": 1}) is None


@pytest.mark.parametrize("name", ["result", "result_error"])
@pytest.mark.parametrize("value", [None, "ok", 7, True])
def test_an_unreadable_collection_is_not_taken_as_not_run(name, value):
    with pytest.raises(errors.Ambiguous):
        batch.read({"result": [], "result_error": [], name: value}, NAMED)


def test_a_result_that_nobody_asked_for_is_dropped():
    assert batch.read({"result": {"c99": 1}, "result_error": []}, NAMED).results == {}


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63) | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["c0", "0", "error", "finish"]), inner),
    max_leaves=6,
)


@settings(deadline=None)
@given(st.fixed_dictionaries({"result": JSON, "result_error": JSON, "result_time": JSON}))
def test_whatever_the_collections_hold_an_answer_can_be_read(answer):
    with contextlib.suppress(errors.Ambiguous):
        assert set(batch.read(answer, NAMED).errors) <= set(NAMED)
