"""A measurement in a process of its own, with a database and a Redis that nobody else uses."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from tests.fixtures.stack import ROOT, private_services, start_stack


def figures_of(module: str, argument: str) -> dict[str, Any]:
    """The figures that `python -m MODULE ARGUMENT` prints as JSON in its last line."""
    with (
        tempfile.TemporaryDirectory() as folder,
        private_services() as services,
        start_stack(Path(folder), workers=0, SWEEP_SECONDS="3600", **services) as stack,
    ):
        done = subprocess.run(
            [sys.executable, "-m", module, argument],
            cwd=ROOT,
            env={**os.environ, **stack.env, "LOG_LEVEL": "ERROR"},
            stdout=subprocess.PIPE,
            check=True,
        )
    figures: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return figures
