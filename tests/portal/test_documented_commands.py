"""The documents' commands, run as they stand: only what stands for a portal's own values is filled in."""

import json
import re
import shlex

import pytest
from django.core.management import call_command

from tests.fixtures.documents import commands, management_commands
from traces.models import Form, SourceRule, Submission

# What asks at a terminal, and what its own tests run.
ASKS = ("createsuperuser", "makemessages", "compilemessages", "changepassword")
LINES = sorted({line for page in ("docs/connect.md", "docs/sources.md") for line in management_commands(page)})
RUN = [line for line in LINES if not line.startswith(ASKS)]


@pytest.mark.parametrize("line", RUN)
def test_a_command_runs_as_it_stands(installed, portal, line, capsys):
    line = line.replace("MEMBER_ID", installed.member_id).replace(
        "https://YOUR-PORTAL/rest/1/SECRET/", portal.webhook_url
    )
    call_command(*shlex.split(line))
    done = {"form_create": Form, "source_rule_add": SourceRule}.get(line.split()[0])
    assert done is None or done.objects.filter(portal=installed).count() == 1


def test_the_request_by_curl_is_taken(client, installed):
    (line,) = (line for line in commands("docs/connect.md") if "/in/KEY/" in line)
    (create,) = (line for line in RUN if line.startswith("form_create"))
    call_command(*shlex.split(create.replace("MEMBER_ID", installed.member_id)))
    arguments = shlex.split(line)
    body, address = arguments[arguments.index("-d") + 1], arguments[-1]
    path = re.sub(r"^https://[^/]+", "", address).replace("KEY", Form.objects.get().key)
    answer = client.post(path, body, content_type="application/json")
    assert answer.status_code == 200
    assert Submission.objects.get().body["name"] == json.loads(body)["name"]
