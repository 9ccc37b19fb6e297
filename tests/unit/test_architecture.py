"""No module and no function grows beyond what one can read."""

import ast
import re
from statistics import median

from django.conf import settings

MAX_MODULE_LINES, MAX_FUNCTION_LINES, MAX_MEDIAN_LINES = 300, 40, 8
PRODUCT, TESTS = ("b24app", "traces"), ("tests",)


def modules(*folders):
    """The text of each module by its path, without the migrations, which Django writes."""
    paths = [path for folder in folders for path in (settings.BASE_DIR / folder).rglob("*.py")]
    return {
        str(path.relative_to(settings.BASE_DIR)): path.read_text() for path in paths if "migrations" not in path.parts
    }


def functions(*folders):
    """The lines of each function by its place."""
    return {
        f"{path}:{node.lineno} {node.name}": (node.end_lineno or 0) - node.lineno + 1
        for path, text in modules(*folders).items()
        for node in ast.walk(ast.parse(text))
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))
    }


def test_no_module_is_too_long():
    lines = {path: len(text.splitlines()) for path, text in modules(*PRODUCT, *TESTS).items()}
    assert {path: number for path, number in lines.items() if number > MAX_MODULE_LINES} == {}


def test_no_function_is_too_long():
    lines = functions(*PRODUCT, *TESTS)
    assert {place: number for place, number in lines.items() if number > MAX_FUNCTION_LINES} == {}


def test_most_functions_are_short():
    assert median(functions(*PRODUCT).values()) <= MAX_MEDIAN_LINES


def test_tests_share_by_fixtures_and_never_import_each_other():
    texts = modules(*TESTS).items()
    assert [
        path for path, text in texts if re.search(r"^\s*(from|import) tests\.[\w.]*\btest_", text, re.MULTILINE)
    ] == []
    assert [path for path, text in texts if re.search(r"^from tests\.\w+ import .*\btest_", text, re.MULTILINE)] == []
