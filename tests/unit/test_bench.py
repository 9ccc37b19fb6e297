"""The benchmarks can still be started: whatever they import, at their head or on their way, is there."""

import ast
import importlib
import inspect
import pkgutil

import pytest

from tests import bench

MODULES = [module.name for module in pkgutil.iter_modules(bench.__path__, "tests.bench.")]


@pytest.mark.parametrize("name", MODULES)
def test_all_that_it_imports_is_there(name):
    tree = ast.parse(inspect.getsource(importlib.import_module(name)))
    wanted = [
        (node.module, alias.name) for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) for alias in node.names
    ]
    for module, attribute in wanted:
        found = importlib.import_module(module)
        assert hasattr(found, attribute) or importlib.import_module(f"{module}.{attribute}")
    assert wanted
