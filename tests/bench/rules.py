"""`python -m tests.bench.rules`: how long one looks for a submission's rule among a thousand, none of which matches."""

from __future__ import annotations

import sys
import time

from traces.compose import sources
from traces.compose.sources import Facts, Rule

RULES, ROUNDS, TIMES = 1000, 7, 20
FACTS = Facts(
    ("key", "Shop"), "Fair", "6", "fb", "cpc", "autumn", "google.com", "shop.example", "/catalogue/shoes", ("gclid",)
)
FIELDS = [field for field in sources.FIELDS if field != sources.ANY]
VALUES = {"equals": "value{}", "contains": "value{}", "wildcard": "*value{}?", "regex": "^value{}$"}


def main() -> int:
    print("| rules | microseconds |\n|---|---|")
    hows = list(VALUES)
    for title, chosen in {"a quarter of each kind": hows, **{f"all {how}": [how] for how in hows}}.items():
        rules = tuple(
            Rule(n, FIELDS[n % len(FIELDS)], how := chosen[n % len(chosen)], VALUES[how].format(n))
            for n in range(RULES)
        )
        print(f"| {title} | {_best(rules) * 1e6:,.0f} |")
    return 0


def _best(rules: tuple[Rule, ...]) -> float:
    match = sources.matcher(rules)
    times = []
    for _ in range(ROUNDS):
        began = time.perf_counter()
        for _ in range(TIMES):
            match(FACTS)
        times.append((time.perf_counter() - began) / TIMES)
    return min(times)


if __name__ == "__main__":
    sys.exit(main())
