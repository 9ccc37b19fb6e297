"""`make audit`: what makes it fail, and what it says where nobody can be asked."""

import subprocess

import pytest
from django.conf import settings

BASE = settings.BASE_DIR


@pytest.fixture
def audit(tmp_path):
    """Run `.ci/audit` in a folder with tools that answer as told: vulnerabilities, licences. Returns how it ended."""

    def run(vulnerabilities, licences="exit 0"):
        tools = tmp_path / ".venv-audit" / "bin"
        tools.mkdir(parents=True)
        (tmp_path / ".ci").mkdir()
        (tmp_path / ".ci" / "audit").write_text((BASE / ".ci" / "audit").read_text())
        (tmp_path / "requirements.lock").write_text("django==5\n")
        answers = {"pip-audit": vulnerabilities, "pip-licenses": licences, "cyclonedx-py": "echo purl > sbom.json"}
        for name, text in answers.items():
            (tools / name).write_text(f"#!/bin/sh\nfor last; do :; done\n{text}\n")
            (tools / name).chmod(0o755)
        return subprocess.run(["bash", ".ci/audit"], cwd=tmp_path, capture_output=True, text=True)

    return run


def test_an_audit_that_finds_a_vulnerability_fails(audit):
    ended = audit("echo CVE-1 > $last; exit 1")
    assert (ended.returncode, "CVE-1" in ended.stdout) == (1, True)


def test_one_that_reaches_nobody_says_so_and_goes_on(audit):
    ended = audit("echo no network >&2; exit 1")
    assert (ended.returncode, "SKIPPED" in ended.stdout) == (0, True)


def test_a_licence_that_is_not_allowed_fails(audit):
    assert audit("exit 0", "exit 1").returncode == 1
