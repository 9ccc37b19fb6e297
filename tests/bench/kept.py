"""That nothing a visitor types is lost, over 10,000 bodies (the suite tries 200): `python -m tests.bench.kept`."""

from __future__ import annotations

from hypothesis import HealthCheck, given, settings

from tests.fixtures.visitors import bodies, check

EXAMPLES = 10_000


def main() -> None:
    """Raise with the smallest body of which something is lost."""
    many = settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck), database=None)
    given(bodies)(many(check))()
    print(f"{EXAMPLES} bodies, and nothing is lost")


if __name__ == "__main__":
    main()
