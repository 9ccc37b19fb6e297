"""The codes to copy run as they stand, in the programs that they are written for."""

import shutil
import subprocess
import sys

import pytest

from traces.setup import embed


@pytest.fixture
def text_of(form):
    """The text of a code of the form's, by the code's id."""
    return lambda name: next(one.text for one in embed.examples(form, form.secret) if one.id == name)


@pytest.mark.django_db
@pytest.mark.skipif(not shutil.which("node"), reason="needs Node.js")
def test_the_javascript_code_compiles(text_of):
    done = subprocess.run(["node", "--check", "-"], input=text_of("javascript"), text=True, capture_output=True)
    assert done.stderr == ""


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(("code", "program"), [("python", [sys.executable, "-c"]), ("curl", ["sh", "-c"])])
def test_a_code_for_servers_runs_as_it_stands(live_server, form, settings, text_of, code, program):
    settings.APP_URL = live_server.url
    done = subprocess.run([*program, text_of(code)], capture_output=True, text=True, timeout=30)
    assert "queued" in done.stdout
    assert form.submissions.get().body["name"] == "Ines Moreau"
