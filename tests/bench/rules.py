"""`python -m tests.bench.rules`: the time that a thousand source rules cost, of which none matches."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable

from traces.compose import sources
from traces.compose.matching import Matcher
from traces.compose.prepared import FormSettings, prepare
from traces.compose.sources import Facts, Rule

RULES, ROUNDS, TIMES = 1000, 7, 20
FACTS = Facts(
    form=("key", "Shop"),
    form_name="Landing form",
    form_id="a1b2",
    source="Fair",
    source_id="6",
    utm_source="fb",
    utm_medium="cpc",
    utm_campaign="autumn",
    referrer="google.com",
    page_host="shop.example",
    page_path="/catalogue/shoes",
    click_ids=("gclid",),
)
FIELDS = [field for field in sources.FIELDS if field != sources.ANY]
VALUES = {"equals": "value{}", "contains": "value{}", "wildcard": "*value{}?", "regex": "^value{}$"}
FORM = FormSettings("key", "Shop", "lead", {})
BODY = {
    "name": "Ines Moreau",
    "email": "ines@mail.example",
    "source": "Fair",
    "page_url": "https://shop.example/catalogue/shoes?gclid=x",
    "referrer": "https://google.com/",
    "utm_source": "fb",
    "utm_medium": "cpc",
    "utm_campaign": "autumn",
}


def main() -> int:
    print("| rules | compile them, ms | match, µs | prepare a lead, µs |\n|---|---|---|---|")
    operators = list(VALUES)
    _print("none", ())
    for title, chosen in {"a quarter of each kind": operators, **{f"all {name}": [name] for name in operators}}.items():
        _print(
            title,
            tuple(
                Rule(n, FIELDS[n % len(FIELDS)], operator := chosen[n % len(chosen)], VALUES[operator].format(n))
                for n in range(RULES)
            ),
        )
    return 0


def _print(title: str, rules: tuple[Rule, ...]) -> None:
    matcher = Matcher(rules)
    compile_ms = _best(lambda: Matcher(rules), 1) * 1e3
    match_us = _best(lambda: matcher.match(FACTS), TIMES) * 1e6
    prepare_us = _best(lambda: prepare(FORM, "7", BODY, 1_795_500_000, matcher), TIMES) * 1e6
    print(f"| {title} | {compile_ms:,.1f} | {match_us:,.0f} | {prepare_us:,.0f} |")


def _best(run: Callable[[], object], times: int) -> float:
    """The seconds that a run takes: the least of `ROUNDS` averages over so many `times`."""
    averages = []
    for _ in range(ROUNDS):
        began = time.perf_counter()
        for _ in range(times):
            run()
        averages.append((time.perf_counter() - began) / times)
    return min(averages)


if __name__ == "__main__":
    sys.exit(main())
