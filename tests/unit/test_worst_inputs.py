"""What the worst inputs cost that are linear but many: names, addresses, numbers, templates."""

import json
import time

import pytest

from traces.compose import fields, templates, trace
from traces.compose.visitor import recognise
from traces.intake import senders
from traces.intake.reading import read

# Of the processor; each takes some hundredths of a second.
MAX_SECONDS = 1.0
PAGE = "https://shop.example/?"


def visit(addresses):
    """A body with a trace of these pages."""
    return {"TRACE": json.dumps({"url": PAGE, "pages": {"list": [[address, 1, "t"] for address in addresses]}})}


pytestmark = pytest.mark.slow

WORST = {
    "a prefix before many leaves": {"y" * 900: {"z" * 900: {"w" * 900: {f"k{n}": "v" for n in range(900)}}}},
    "addresses full of spaces": visit(f"{PAGE}q={' ' * 2000}{n}" for n in range(100)),
    "addresses like numbers": visit(f"{PAGE}q={'(1' * 900}{n}" for n in range(100)),
    "addresses with many parameters": visit(PAGE + "&".join(f"a=+{n}" for n in range(300)) for _ in range(90)),
    "addresses in addresses": visit(f"{PAGE}a={'?b=&c=' * 250}" for _ in range(100)),
    "many addresses": {"page_url": [f"{PAGE}a={'+1 ' * 60}{n}" for n in range(990)]},
    "many numbers": {f"f{n}": "+1 (9) 9-" * 25 for n in range(900)},
    "a message of digits": {"message": "1 " * 60_000},
}


@pytest.mark.parametrize("body", WORST.values(), ids=WORST)
def test_a_submission_costs_no_second(body):
    began = time.process_time()
    reading = read(json.dumps(body).encode(), "application/json")
    posted = senders.normalise(reading.fields, query={}, headers={}, files=())
    trace.prepare(posted.body, 0)
    recognise(posted.body)
    assert time.process_time() - began < MAX_SECONDS


def test_a_template_yields_what_a_field_takes():
    assert (
        templates.filled("{a}{b}" * 300, {"a": "x" * 50_000, "b": "y" * 9_000})
        == "x" * 50_000 + "y" * 9_000 + "x" * 1_000
    )


def test_a_mapping_of_many_placeholders_costs_no_second():
    body = {"a": "x" * 60_000, "phone": "+49 30 1234567"}
    mapping = {"lead": {f"UF_CRM_{n}": "{a}" * 300 for n in range(fields.MAX_FIELDS)}}
    began = time.process_time()
    built = fields.build("lead", recognise(body), body, mapping, {})
    assert time.process_time() - began < MAX_SECONDS
    assert {len(built.values[name]) for name in mapping["lead"]} == {templates.MAX_LENGTH}
