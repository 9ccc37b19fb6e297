"""The sandbox stores what a real portal stored, for every recorded case."""

import pytest
import requests

from tests.fixtures.golden import CASES


@pytest.mark.parametrize("case", CASES, ids=[case["name"] for case in CASES])
def test_it_stores_what_the_portal_stored(case, portal):
    body = dict(case["request"] or {}, auth=portal.issue_tokens()["access_token"])
    portal.active = True
    answer = requests.post(f"{portal.rest_url}crm.tracking.trace.add", json=body)
    assert outcome(answer, portal, case["stored"]) == case["stored"]


def outcome(answer, portal, expected):
    """The answer in the golden file's words; a time that means "now" is taken over."""
    if answer.status_code == 500:
        return {"http_status": 500}
    if answer.status_code != 200:
        return answer.json()
    if expected is None:
        return None
    stored = portal.traces[answer.json()["result"] - 1].as_golden()
    if len(stored["pages"]) == 1 and stored["pages"][0].get("IS_REF"):
        stored["pages"][0]["DATE_INSERT"] = expected["pages"][0]["DATE_INSERT"]
    return stored
