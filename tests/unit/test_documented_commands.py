"""Every command that a document gives to copy is one: its target, its module, its options are there."""

import importlib.util
import re
import shlex

import pytest
from django.conf import settings
from django.core.management import get_commands, load_command_class

from tests.fixtures.documents import GUIDES, PYTHON, commands, management_commands

MAKEFILE = (settings.BASE_DIR / "Makefile").read_text()
TARGETS = set(re.findall(r"^([a-z][\w-]*):", MAKEFILE, re.MULTILINE))
TEXTS = {page: (settings.BASE_DIR / page).read_text() for page in [*GUIDES, "docs/settings.md", "CONTRIBUTING.md"]}
MANAGED = sorted({line for page in GUIDES for line in management_commands(page)})


def test_commands_are_found():
    assert len(commands("docs/connect.md")) > 8 and len(MANAGED) > 6


@pytest.mark.parametrize("page", TEXTS)
def test_every_target_of_make_is_there(page):
    named = {
        name for line in commands(page) if line.startswith("make ") for name in line.split()[1:] if "=" not in name
    }
    named |= set(re.findall(r"`make ([a-z-]+)", TEXTS[page]))
    assert named <= TARGETS


@pytest.mark.parametrize("line", MANAGED)
def test_every_management_command_takes_its_options(line):
    name, *arguments = shlex.split(line)
    parser = load_command_class(get_commands()[name], name).create_parser("manage.py", name)
    assert parser.parse_args(arguments)


@pytest.mark.parametrize("page", TEXTS)
def test_every_module_to_run_is_there(page):
    modules = set(re.findall(r"python -m ((?:tests|b24app|traces)[\w.]*)", TEXTS[page]))
    assert [module for module in modules if not importlib.util.find_spec(module)] == []


@pytest.mark.parametrize("page", GUIDES)
def test_every_python_is_the_environments(page):
    others = [line for line in re.findall(r"^ {4,}(.*manage\.py.*)$", TEXTS[page], re.MULTILINE) if PYTHON not in line]
    assert [line for line in others if not line.startswith("ExecStart=")] == []
