"""`python -m tests.sandbox`: the sandbox as a process; prints one line of JSON when it is ready.

It ends with SIGINT, SIGTERM, or the process that started it.
"""

import argparse
import json
import os
import signal
import threading

from tests.sandbox.server import Sandbox, describe


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.sandbox", description=__doc__)
    parser.add_argument("--oauth-port", type=int, default=0)
    parser.add_argument("--portal", action="append", default=[], metavar="NAME:PORT[:PLAN]", help="PLAN none: no limit")
    parser.add_argument("--host", default="127.0.0.1", help="the portals' host name")
    parser.add_argument("--client-id", default="local.sandbox")
    parser.add_argument("--client-secret", default="sandbox-secret")
    parser.add_argument("--app-url", default="http://127.0.0.1:8000")
    asked = parser.parse_args()

    end = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: end.set())
    sandbox = Sandbox(asked.client_id, asked.client_secret, asked.app_url, oauth_port=asked.oauth_port)
    with sandbox:
        for text in asked.portal:
            name, port, *plan = text.split(":")
            chosen = plan[0] if plan else "standard"
            sandbox.add_portal(name, None if chosen == "none" else chosen, host=asked.host, port=int(port or 0))
        found = {name: describe(portal) for name, portal in sandbox.portals.items()}
        print(json.dumps({"oauth_url": sandbox.oauth_url, "portals": found}), flush=True)
        parent = os.getppid()
        while not end.wait(1.0) and os.getppid() == parent:
            pass


if __name__ == "__main__":
    main()
