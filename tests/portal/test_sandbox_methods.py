"""Options and notices on the sandbox."""

from concurrent.futures import ThreadPoolExecutor

import pytest
import requests


def test_an_administrators_option_is_refused_to_others(portal):
    body = {"auth": portal.issue_tokens(3)["access_token"], "options": {"a": 1}}
    answer = requests.post(f"{portal.rest_url}app.option.set", json=body)
    assert (answer.status_code, answer.json()["error"]) == (403, "ACCESS_DENIED")


def test_empty_options_are_a_list(ask):
    assert ask("user.option.get").json()["result"] == []


def test_options_are_one_map_and_the_later_of_two_writers_wins(ask, portal):
    portal.command_seconds = 0.1
    with ThreadPoolExecutor() as pool:
        answers = list(pool.map(lambda name: ask("user.option.set", options={name: "1"}), "ab"))
    assert [answer.json()["result"] for answer in answers] == [True, True]
    assert len(portal.user_options[1]) == 1


def test_options_written_one_after_another_are_all_kept(ask, portal):
    for name in "ab":
        ask("user.option.set", options={name: "1"})
    assert portal.user_options[1] == {"a": "1", "b": "1"}


@pytest.mark.parametrize("method", ["im.notify", "im.notify.system.add", "im.notify.personal.add"])
def test_a_notice_is_kept_as_it_was_sent(ask, portal, sandbox, method):
    notice = {"USER_ID": 1, "MESSAGE": "x", "TAG": "t"}
    assert ask(method, **notice).json()["result"] == 1
    assert sandbox.state()["portals"][portal.name]["notices"] == [notice]


@pytest.mark.parametrize(("notice", "error"), [({"MESSAGE": "x"}, "USER_ID_EMPTY"), ({"USER_ID": 1}, "MESSAGE_EMPTY")])
def test_a_notice_to_nobody_or_without_a_text_is_refused(ask, notice, error):
    assert ask("im.notify.system.add", **notice).json()["error"] == error
