"""No module and no function grows beyond what one can read."""

import ast

import pytest
from django.conf import settings

MAX_MODULE_LINES, MAX_FUNCTION_LINES = 400, 50
MODULES = [path for folder in ("b24app", "traces", "tests") for path in (settings.BASE_DIR / folder).rglob("*.py")]


@pytest.mark.parametrize("path", MODULES, ids=[str(path.relative_to(settings.BASE_DIR)) for path in MODULES])
def test_it_stays_readable(path):
    text = path.read_text()
    functions = [
        node for node in ast.walk(ast.parse(text)) if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))
    ]
    long = [node.name for node in functions if (node.end_lineno or 0) - node.lineno >= MAX_FUNCTION_LINES]
    assert (len(text.splitlines()) <= MAX_MODULE_LINES, long) == (True, [])
