"""Every recorded trace, posted to a form: the sandbox has what a portal stored, or more where that was nothing."""

import json

import pytest

from tests.fixtures.forms import make_form
from tests.fixtures.golden import BETTER, CASES
from traces.delivery import drain
from traces.models import Submission

pytestmark = pytest.mark.django_db

REFUSED = {"wrong type", "wrong id", "id zero", "entities not a list"}
REPAIRED = {
    *BETTER,
    "trace is not json",
    "page with iso date",
    "ref is a list",
    "trace passed as an object, not text",
}
SAME = [case for case in CASES if case["name"] not in REFUSED | REPAIRED and "source_id" in (case["stored"] or {})]


def named(names):
    return [pytest.param(case, id=case["name"]) for case in CASES if case["name"] in names]


@pytest.fixture
def post_recorded(installed, client):
    """Post a recorded request to a form, as a server that knows its secret."""

    def post_recorded(request):
        form = make_form(installed, creates="link" if "ENTITIES" in request else "trace")
        headers = {"Authorization": f"Bearer {form.secret}"}
        answer = client.post(f"/in/{form.key}/", json.dumps(request), content_type="application/json", headers=headers)
        drain.drain(installed.pk)
        return answer

    return post_recorded


@pytest.fixture
def stored(post_recorded, portal):
    """What the portal has of a recorded request, and the submission."""

    def stored(request):
        assert post_recorded(request).status_code == 200
        row = Submission.objects.get()
        assert row.state == "delivered", row.reason
        return portal.traces[row.trace_id - 1].as_golden(), row

    return stored


def alike(stored):
    """What is compared: tags as text, and no time of a page that is of the moment when the portal stored it."""
    pages = [
        {**page, "DATE_INSERT": "now"} if page.get("IS_REF") and len(stored["pages"]) == 1 else page
        for page in stored["pages"]
    ]
    return {**stored, "pages": pages, "tags": {key: str(tag) for key, tag in stored["tags"].items()}}


@pytest.mark.parametrize("case", [pytest.param(case, id=case["name"]) for case in SAME])
def test_what_the_portal_stored_it_stores(case, stored):
    assert alike(stored(case["request"])[0]) == alike(case["stored"])


@pytest.mark.parametrize("case", named(REPAIRED))
def test_what_it_could_not_read_arrives_repaired_and_the_repair_is_told(case, stored):
    assert stored(case["request"])[1].repairs


@pytest.mark.parametrize("case", named(REFUSED))
def test_records_that_it_would_refuse_are_refused_at_once(case, post_recorded):
    assert (post_recorded(case["request"]).status_code, Submission.objects.count()) == (422, 0)


@pytest.mark.parametrize("case", named({"missing trace", "empty trace"}))
def test_without_a_trace_there_is_an_empty_one(case, stored):
    assert stored({**(case["request"] or {}), "name": "Ines"})[0]["pages"] == []  # a body without anything is a probe
