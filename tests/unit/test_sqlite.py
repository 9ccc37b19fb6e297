"""The SQLite in use, and which versions count as safe."""

import sqlite3
from contextlib import closing

import pytest

from b24app.host import sqlite


def test_the_version_in_use_is_safe():
    assert sqlite.is_safe(sqlite3.sqlite_version_info), sqlite3.sqlite_version


@pytest.mark.parametrize("version", [(3, 44, 6), (3, 50, 7), (3, 51, 3), (3, 53, 4), (4, 0, 0)])
def test_versions_with_the_fix_are_safe(version):
    assert sqlite.is_safe(version)


@pytest.mark.parametrize("version", [(3, 40, 1), (3, 44, 5), (3, 45, 0), (3, 50, 6), (3, 51, 2)])
def test_versions_with_the_race_are_not_safe(version):
    assert not sqlite.is_safe(version)


def test_a_database_is_its_owners_alone(tmp_path):
    path = tmp_path / "made-under-our-settings.sqlite3"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE anything (id)")
    assert path.stat().st_mode & 0o777 == 0o600
