"""No expression that meets what a stranger sent takes more than linear time."""

import importlib
import pkgutil
import re
import time

import pytest

import b24app.api
import traces.compose
import traces.intake

pytestmark = pytest.mark.slow

LENGTH = 64 * 1024
# What expressions repeat: letters, digits, signs, and pairs of them.
ATOMS = [*" a1-_.@+(,/%=[$\t\n\u00a0я", "a.", "a@", "1-", "1 ", "a ", "- ", "a:", "--", "[a]", "a=b&", "$result"]
# Seconds of the processor. A linear one needs some milliseconds, a quadratic one many seconds.
MAX_SECONDS = 0.5


def expressions():
    """The expressions of Python's own library in the modules that read what comes from outside, by name.

    Those of RE2 are linear by its construction.
    """
    for package in (traces.intake, traces.compose, b24app.api):
        for module in pkgutil.walk_packages(package.__path__, package.__name__ + "."):
            for name, value in vars(importlib.import_module(module.name)).items():
                if isinstance(value, re.Pattern):
                    yield pytest.param(value, id=f"{module.name}.{name}")


@pytest.mark.parametrize("expression", list(expressions()))
def test_an_expression_is_linear(expression):
    for atom in ATOMS:
        text = atom * (LENGTH // len(atom)) + "!"
        text = text.encode() if isinstance(expression.pattern, bytes) else text
        began = time.process_time()
        expression.search(text)
        expression.fullmatch(text)
        expression.sub(text[:0], text)
        assert time.process_time() - began < MAX_SECONDS, atom
