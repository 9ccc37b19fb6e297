"""docs/sending.md: each command of curl answers as it says there, and its codes are those of the description."""

import json
import re
import shlex

import pytest
from django.conf import settings

from traces.intake import openapi

pytestmark = pytest.mark.django_db(transaction=True)  # a repeated key is known by the insert that fails
PAGE = (settings.BASE_DIR / "docs" / "sending.md").read_text()
EXAMPLES = re.findall(r"^    curl (.*)\n    (\d{3}) (\{.*\})$", PAGE, re.MULTILINE)
FORM = "application/x-www-form-urlencoded"


def ask(client, form, arguments, stored):
    """What curl would ask, by these options of its own: -H, -d and -F."""
    words = shlex.split(arguments.replace("KEY/ID", f"{form.key}/{stored}").replace("/KEY", f"/{form.key}"))
    *options, url = [word.replace("SECRET", form.secret) for word in words]
    given = list(zip(options[::2], options[1::2], strict=True))
    headers = dict(value.split(": ", 1) for option, value in given if option == "-H")
    path = url.removeprefix("https://YOUR-ADDRESS")
    if parts := dict(value.split("=", 1) for option, value in given if option == "-F"):
        return client.post(path, parts, headers=headers)
    if data := "&".join(value for option, value in given if option == "-d"):
        return client.post(path, data, content_type=headers.pop("Content-Type", FORM), headers=headers)
    return client.get(path, headers=headers)


def test_each_example_answers_as_the_page_says(client, form, make_submission):
    stored = make_submission().pk
    found = []
    for arguments, status, body in EXAMPLES:
        answer = ask(client, form, arguments, stored)
        said = json.loads(body)
        same = said.keys() == answer.json().keys() and all(
            said[name] == answer.json()[name] for name in said.keys() - {"id", "received_at"}
        )
        found += [] if (answer.status_code, same) == (int(status), True) else [(arguments, answer.json())]
    assert found == []
    assert len(EXAMPLES) == PAGE.count("    curl ")


def test_its_codes_are_those_of_the_description():
    rows = re.findall(r"^\| (\d{3}) \| (`.*?) \|", PAGE, re.MULTILINE)
    told = {(int(status), code) for status, codes in rows for code in re.findall(r"`(\w+)`", codes)}
    document = json.loads(openapi.SOURCE.read_text(encoding="utf-8"))
    known = set(re.findall(r"'status': \{'const': (\d+)\}, 'code': \{'enum': \[(.*?)\]", str(document)))
    assert told == {(int(status), code) for status, codes in known for code in re.findall(r"'(\w+)'", codes)}
