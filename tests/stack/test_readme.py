"""A newcomer's walk through the README: each command between its fences, pasted as it stands, in a fresh clone."""

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings

from tests.fixtures.documents import fenced
from tests.fixtures.soak import SOAK
from tests.fixtures.stack import free_port
from tests.fixtures.waiting import until

README = "README.md"
# What stays until Ctrl-C, with a line that it prints once it is there.
STAYS = {"make demo": "A command:", "make run": "worker1 | "}
# What .ci/run runs as it stands: all tests cannot run inside of one, and a second demo shows nothing new.
IN_CI = ("make demo ONCE=1", "make test")
PASTED = [line for line in fenced(README) if line not in IN_CI]
SECONDS = 120
pytestmark = pytest.mark.timeout(3 * SECONDS)


@pytest.fixture(scope="module")
def clone(tmp_path_factory):
    """The repository's own files, with an environment in which all is installed."""
    clone = tmp_path_factory.mktemp("clone")
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=settings.BASE_DIR, check=True, capture_output=True, text=True
    )
    for name in listed.stdout.split("\0")[:-1]:
        if (settings.BASE_DIR / name).exists():  # one that is deleted may still be listed
            (clone / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(settings.BASE_DIR / name, clone / name)
    environment = clone / ".venv"
    environment.mkdir()
    for name in ("bin", "lib", "pyvenv.cfg"):
        (environment / name).symlink_to(Path(sys.prefix) / name)
    for name in ("made", "made-run", "made-demo", "made-dev"):
        (environment / name).touch()
    return clone


def paste(line, clone):
    """The process of a line typed in the clone; what it prints is in the file `printed` there."""
    own = {"PATH": os.environ["PATH"], "HOME": str(clone), "WORKERS": "1", "PYTHONUNBUFFERED": "1"}
    own |= {"ARGS": f"--port {free_port()}"} if line == "make run" else {}  # 8000 may be another's here
    with (clone / "printed").open("wb") as printed:
        command = ["bash", "-c", line]
        return subprocess.Popen(
            command,
            cwd=clone,
            env=own,
            stdout=printed,
            stderr=printed,
            start_new_session=True,
            preexec_fn=_hears_ctrl_c,
        )


def _hears_ctrl_c():
    """Where the tests run in the background, a shell may have told them to ignore it, and all that they start."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def end(process):
    """Ctrl-C, as a terminal sends it: to all."""
    os.killpg(process.pid, signal.SIGINT)
    process.wait(SECONDS)


def follow(process, clone, sign):
    """Wait for the command's end; one that stays is ended once its sign is there, and says so."""
    if sign:
        until(lambda: sign in printed(clone) or process.poll() is not None, SECONDS)
        assert sign in printed(clone)
        end(process)
        assert "Ended." in printed(clone)
    else:
        assert process.wait(SECONDS) == 0, printed(clone)


def printed(clone):
    """What the line has printed so far."""
    return (clone / "printed").read_text()


@SOAK
def test_each_command_does_what_it_says(clone):
    for line in PASTED:
        process = paste(line, clone)
        try:
            follow(process, clone, STAYS.get(line))
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)


@pytest.mark.parametrize("line", IN_CI)
def test_what_is_not_pasted_here_is_run_by_ci(line):
    assert line in fenced(README)
    assert line.replace("make ", "make --no-print-directory ") in (settings.BASE_DIR / ".ci" / "run").read_text()


def test_both_languages_give_the_same_commands():
    assert fenced(README) == fenced("README.ru.md")
