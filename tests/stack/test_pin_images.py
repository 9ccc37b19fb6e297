"""`.ci/pin-images`: the digests in the files are those that the registry tells, or the files stay as they are."""

import os
import shutil
import subprocess

import pytest
from django.conf import settings

FILES = ("Dockerfile", "docker-compose.yml")
DIGEST = "sha256:" + "5" * 64


@pytest.fixture
def pin(tmp_path):
    """Run the script on copies of the files with the program `docker` that a text in sh makes; its result."""
    project, programs = tmp_path / "project", tmp_path / "bin"
    project.mkdir()
    programs.mkdir()
    for name in FILES:
        shutil.copy(settings.BASE_DIR / name, project / name)
    for name in ("bash", "sed", "dirname", "sha256sum"):
        (programs / name).symlink_to(shutil.which(name))

    def run(docker):
        (programs / "docker").write_text(f"#!{shutil.which('sh')}\n{docker}\n")
        (programs / "docker").chmod(0o755)
        script = [str(settings.BASE_DIR / ".ci/pin-images"), str(project)]
        done = subprocess.run(script, env={**os.environ, "PATH": str(programs)}, capture_output=True, text=True)
        return done, [(project / name).read_text() for name in FILES]

    return run


def before():
    return [(settings.BASE_DIR / name).read_text() for name in FILES]


def test_it_writes_what_the_registry_tells(pin):
    done, texts = pin(f"echo {DIGEST}")
    assert (done.returncode, done.stderr) == (0, "")
    assert sum(text.count(DIGEST) for text in texts) == 3 == sum(text.count("@sha256:") for text in texts)


@pytest.mark.parametrize("docker", ["exit 1", 'case "$2" in version) ;; *) echo nothing;; esac'])
def test_without_an_answer_nothing_changes(pin, docker):
    done, texts = pin(docker)
    assert done.returncode == 1 and "nothing was changed" in done.stderr
    assert texts == before()
