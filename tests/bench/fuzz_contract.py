"""`python -m tests.bench.fuzz_contract [EXAMPLES]`: Schemathesis over `/in/openapi.json`, against a running stack.

It makes requests from the description, good ones and bad ones, and checks that each answer is as described. It has an
environment of its own (`make fuzz`), so that what it needs stays out of that of the tests.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

import requests

from tests.fixtures.stack import ROOT, Stack, private_services, start_stack

SCHEMATHESIS = ROOT / ".venv-fuzz" / "bin" / "schemathesis"
# The intake refuses nothing for what stands in it, so that a body against the description is accepted like any other,
# and one that follows it may be refused for its size. A wrong secret is refused, and none needed for a submission.
UNCHECKED = "negative_data_rejection,positive_data_acceptance,ignored_auth"
SETTINGS = """
[parameters]
"path.key" = {key!r}
"header.Authorization" = {secret!r}

[[operations]]
include-name = "GET /in/{{key}}/{{submission_id}}/"
parameters = {{ "path.key" = {key!r}, "path.submission_id" = {submission!r} }}
"""


def main() -> int:
    examples = sys.argv[1] if len(sys.argv) > 1 else "300"
    with (
        tempfile.TemporaryDirectory() as folder,
        private_services() as services,
        start_stack(Path(folder), workers=1, plan="none", **services) as stack,
    ):
        stack.install()
        return run(stack, examples)


def run(stack: Stack, examples: str) -> int:
    """Run Schemathesis with so many requests for each address and method; its exit code."""
    form = stack.create_form("Fuzz", "trace")
    stored = requests.post(form["url"], json={"NAME": "Ines"}, timeout=30).json()
    settings = stack.data / "schemathesis.toml"
    settings.write_text(SETTINGS.format(key=form["key"], secret=f"Bearer {form['secret']}", submission=stored["id"]))
    return subprocess.run(
        [
            *(SCHEMATHESIS, "--config-file", settings, "run", f"{stack.app_url}/in/openapi.json"),
            *("--max-examples", examples, "--exclude-checks", UNCHECKED, "--continue-on-failure", "--no-color"),
        ],
        cwd=stack.data,
        check=False,
    ).returncode


if __name__ == "__main__":
    sys.exit(main())
