"""Which SQLite is free of the WAL-reset race.

SQLite 3.7.0 to 3.51.2 may lose or damage committed writes when several connections write and
checkpoint a WAL database at once; 3.51.3 and the backports 3.50.7 and 3.44.6 are free of it
(https://www.sqlite.org/wal.html, "The WAL-Reset Bug"). The SQLite that comes with Python on most
machines is older, so the one bundled in pysqlite3 replaces it, if installed
(`b24app.host.patches`).
"""

_FIXED_IN = ((3, 44, 6), (3, 50, 7))
_FIXED_FROM = (3, 51, 3)


def is_safe(version: tuple[int, ...]) -> bool:
    """Whether this SQLite version (`sqlite3.sqlite_version_info`) is free of the WAL-reset race."""
    return version >= _FIXED_FROM or any(version[:2] == fix[:2] and version >= fix for fix in _FIXED_IN)
