"""`python -m tests.bench.siege`: 40 slow clients, a dripping portal and 16 flooding connections at once.

Meanwhile, each second: how long health takes, and a submission until it is accepted and until it is delivered, by
a form of another portal and by the flooded form itself. It fails where health or acceptance took more than a
second, or a delivery by the other portal more than five.
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path

from tests.fixtures import siege
from tests.fixtures.stack import private_services, start_stack

ROUNDS, MAX_ACCEPTED, MAX_DELIVERED, WITHIN = 10, 1.0, 5.0, 60.0
HONEST = {"X-Forwarded-For": "203.0.113.9"}


def main() -> int:
    plan = sys.argv[1] if len(sys.argv) > 1 else "standard"
    times: dict[str, list[float]] = {name: [] for name in ("health", "accepted", "accepted by the flooded form")}
    sent = []
    with (
        tempfile.TemporaryDirectory() as folder,
        private_services() as services,
        start_stack(Path(folder), workers=1, plan=plan, **siege.SETTINGS, **services) as stack,
    ):
        stack.install()
        flooded = stack.create_form("Flooded", "lead")
        _, other = siege.another_portal(stack, "other")
        with siege.dripping_portal(stack) as dripping, siege.besieged(stack, flooded["url"], dripping["url"]) as flood:
            time.sleep(2)
            for number in range(ROUNDS):
                times["health"].append(siege.seconds_of("GET", f"{stack.app_url}/healthz")[0])
                for name, form in (("accepted", other), ("accepted by the flooded form", flooded)):
                    body = {"name": f"Anna {number}", "email": f"anna{number}@mail.example"}
                    took, answer = siege.seconds_of("POST", form["url"], json=body, headers=HONEST)
                    answer.raise_for_status()
                    times[name].append(took)
                    sent.append((form, answer.json()["id"]))
                time.sleep(1)
            left = stack.counts()["states"]["queued"]
            statuses = dict(flood.statuses)
        for name, form in (("delivered", other), ("delivered by the flooded form", flooded)):
            ids = [id for one, id in sent if one is form]
            times[name] = [siege.seconds_until_delivered(form, id, WITHIN) for id in ids]
    print("| what | median | slowest |\n|---|---|---|")
    for name, found in times.items():
        print(f"| {name} | {sorted(found)[len(found) // 2]:.2f} s | {max(found):.2f} s |")
    print(f"the flood was answered {statuses}; {left:,} submissions waited at the end")
    holds = max(times["health"] + times["accepted"] + times["accepted by the flooded form"]) <= MAX_ACCEPTED
    return 0 if holds and max(times["delivered"]) <= MAX_DELIVERED else 1


if __name__ == "__main__":
    sys.exit(main())
