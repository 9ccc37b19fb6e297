"""`/in/openapi.json` says what the code does: its codes, limits, states and methods."""

import ast
import json

import pytest
from django.conf import settings
from django.test import Client
from django.urls import resolve

from b24app.host import front
from traces.intake import accept, openapi
from traces.intake.reading import limits
from traces.models import Attempt, ShownState

pytestmark = pytest.mark.django_db
DOCUMENT = json.loads(openapi.SOURCE.read_text(encoding="utf-8"))
PARTS = DOCUMENT["components"]
METHODS = {"get", "put", "post", "delete", "options", "head", "patch"}
ANSWERS = [*PARTS["responses"].values()] + [
    answer
    for item in [*DOCUMENT["paths"].values(), *PARTS["pathItems"].values()]
    for method in METHODS & set(item)
    for answer in item[method]["responses"].values()
]


def raised():
    """(status, code) of all problems that the intake and the web server's front can answer with."""
    paths = [*(settings.BASE_DIR / "traces" / "intake").rglob("*.py"), settings.BASE_DIR / "b24app/host/front.py"]
    calls = [node for path in paths for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Call)]
    found = set()
    for call in calls:
        name = getattr(call.func, "id", "")
        if name in ("Problem", "_refuse"):
            arguments = call.args if name == "Problem" else call.args[1:]
            assert all(isinstance(one, ast.Constant) for one in arguments[:2]), ast.unparse(call)
            found.add(tuple(one.value for one in arguments[:2]))
    return found


def told():
    """(status, code) of all problems that the document tells of."""
    schemas = [answer["content"]["application/problem+json"]["schema"] for answer in ANSWERS if is_problem(answer)]
    facts = [schema["allOf"][1]["properties"] for schema in schemas]
    return {(fact["status"]["const"], code) for fact in facts for code in fact["code"]["enum"]}


def is_problem(answer):
    return "application/problem+json" in answer.get("content", {})


def test_it_tells_every_code_and_no_other():
    assert told() == raised()


def test_its_states_and_outcomes_are_ours():
    assert PARTS["schemas"]["State"]["enum"] == ShownState.values
    assert PARTS["schemas"]["Attempt"]["properties"]["outcome"]["enum"] == Attempt.Outcome.values


def test_its_limits_are_ours():
    said = json.dumps(DOCUMENT)
    bounds = [
        f"{limits.MAX_BODY_BYTES // 1024} KiB",
        f"{limits.MAX_REQUEST_BYTES // 1024**2} MiB",
        f"{limits.MAX_FIELDS} fields, {limits.MAX_VALUES} values, {limits.MAX_DEPTH} levels",
        f"{limits.MAX_NAME_LENGTH} characters",
        f"{front.BODY_SECONDS:.0f} seconds, and a second more for each {front.MIN_BYTES_A_SECOND:,} bytes",
        f'"maxLength": {accept.MAX_KEY_LENGTH}',
    ]
    assert [bound for bound in bounds if bound not in said] == []


def items():
    """(path, method) of all that it tells of, with each method that it does not."""
    for path, item in DOCUMENT["paths"].items():
        known = METHODS & set(PARTS["pathItems"]["Form"] if "$ref" in item else item)
        for method in sorted(METHODS):
            yield path, method, method in known or (method == "head" and "get" in known)


@pytest.mark.parametrize(("path", "method", "is_known"), list(items()))
def test_an_address_takes_the_methods_that_it_tells_and_no_other(form, path, method, is_known):
    address = path.format(key=form.key, submission_id="0193a5a0-0000-7000-8000-000000000000")
    answer = Client(enforce_csrf_checks=True).generic(method.upper(), address)
    assert (answer.status_code != 405) == is_known
    if not is_known and address.startswith("/in/"):
        assert answer.json()["code"] == "method_not_allowed"
        assert method.upper() not in answer["Allow"]


def test_it_tells_every_address_of_the_intake():
    from traces.urls import urlpatterns

    ours = {str(one.pattern) for one in urlpatterns if str(one.pattern).startswith("in/")}
    said = {
        resolve(path.format(key="k", submission_id="0193a5a0-0000-7000-8000-000000000000")).route
        for path in DOCUMENT["paths"]
    }
    assert ours - said == set()


def test_any_website_may_read_it_and_keep_it(client):
    answer = client.get("/in/openapi.json")
    assert answer.json() == DOCUMENT
    assert (answer["Access-Control-Allow-Origin"], answer["Cache-Control"]) == ("*", "public, max-age=300")
    again = client.get("/in/openapi.json", headers={"If-None-Match": answer["ETag"]})
    assert (again.status_code, again.content) == (304, b"")


def test_every_reference_leads_somewhere():
    def walk(value):
        if isinstance(value, dict):
            yield from [value["$ref"]] if "$ref" in value else []
            value = list(value.values())
        for part in value if isinstance(value, list) else ():
            yield from walk(part)

    for reference in set(walk(DOCUMENT)):
        part = DOCUMENT
        for name in reference.removeprefix("#/").split("/"):
            part = part[name]
