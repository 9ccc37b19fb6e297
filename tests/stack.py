"""Every process of the product on this machine, beside a sandbox portal in a process of its own.

The demo, the tests that kill processes and the benchmarks stand on it. Nothing here knows the inside of
the product: it uses its settings, addresses and commands, as an operator would.
"""

from __future__ import annotations

import json
import os
import random
import secrets
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psycopg
import redis
import requests
from cryptography.fernet import Fernet
from psycopg import sql

from b24app.host.processes import Process, RedisServer, redis_server

ROOT = Path(__file__).resolve().parent.parent
CLIENT_ID = "local.sandbox"
START_SECONDS = 60.0


class Stack:
    """The running processes, and what can be done from outside them."""

    def __init__(self, data: Path, env: Mapping[str, str], ports: Mapping[str, int]) -> None:
        self.data = data
        self.env = dict(env)
        self.app_url = self.env["APP_URL"]
        self.oauth_url = f"http://127.0.0.1:{ports['oauth']}"
        self.portal_page = f"http://localhost:{ports['portal']}/"
        self.redis: RedisServer | None = None
        self.processes: dict[str, Process] = {}
        self.member_id = ""

    def run(self, *arguments: str) -> str:
        """What `manage.py ARGUMENTS` prints."""
        done = subprocess.run(
            [sys.executable, "manage.py", *arguments],
            cwd=ROOT,
            env={**os.environ, **self.env},
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise RuntimeError(f"manage.py {arguments[0]} failed:\n{done.stderr[-2000:]}")
        return done.stdout

    def add(self, name: str, argv: list[str]) -> Process:
        """Start a process of the product, its output in a file of the data folder."""
        process = Process(name, argv, env=self.env, cwd=ROOT, log=self.data / f"{name}.log")
        self.processes[name] = process
        process.start()
        return process

    def add_worker(self, name: str) -> Process:
        """Start a Celery worker."""
        argv = [sys.executable, "-m", "celery", "-A", "b24app", "worker", "-n", f"{name}@%h"]
        return self.add(name, [*argv, "--loglevel", "INFO", "--without-gossip", "--without-mingle"])

    def alive(self) -> bool:
        """Whether every process runs."""
        return all(process.alive for process in self.processes.values())

    def sandbox(self, method: str, path: str, **body: Any) -> Any:
        """Ask the sandbox's own control interface."""
        answer = requests.request(method, f"{self.oauth_url}/_sandbox{path}", json=body or None, timeout=30)
        answer.raise_for_status()
        return answer.json()

    def install(self) -> None:
        """Install the application as a portal and its administrator's browser do."""
        opening = self.sandbox("POST", "/portals/acme/frame_post", user_id=1)
        page = requests.post(f"{self.app_url}/b24/install/", params=opening["query"], data=opening["body"], timeout=30)
        if page.status_code != 200 or 'id="install"' not in page.text:
            raise RuntimeError(f"The installation page answered {page.status_code}.")
        self.member_id = opening["body"]["member_id"]
        self.sandbox("POST", "/portals/acme/finish_install")

    def create_form(self, name: str, kind: str, *options: str) -> dict[str, str]:
        """Make a form; its key, secret and url."""
        made: dict[str, str] = json.loads(
            self.run("form_create", "--portal", self.member_id, "--name", name, "--creates", kind, "--json", *options)
        )
        return made

    def counts(self) -> dict[str, Any]:
        """The figures of `manage.py submissions`."""
        counts: dict[str, Any] = json.loads(self.run("submissions", "--json"))
        return counts

    def flush_redis(self) -> None:
        """Wipe Redis: every message, lane and wake-up is gone."""
        redis.Redis.from_url(self.env["REDIS_URL"].replace("redis+socket://", "unix://")).flushall()

    def portal_traces(self) -> list[dict[str, Any]]:
        """All that the portal stored, as the golden file writes it, each with its `id`."""
        traces: list[dict[str, Any]] = self.sandbox("GET", "/portals/acme/traces")
        return traces

    def shop_address(self, key: str) -> str:
        """A page of a pretended shop, whose form sends to the form with this key."""
        return f"{self.portal_page}shop/?form={self.app_url}/in/{key}/"


@contextmanager
def private_services() -> Iterator[dict[str, str]]:
    """Settings for a stack that may be filled and wiped: a database of its own beside that of `DATABASE_URL`.

    SQLite needs none, its file stands in the stack's folder; the Redis is started with the stack in any case.
    """
    url = os.environ.get("DATABASE_URL", "")
    if not url.startswith("postgres"):
        yield {"DATABASE_URL": "", "REDIS_URL": ""}
        return
    name = f"trace_relay_{secrets.token_hex(4)}"
    _tell_server(url, sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
    try:
        yield {"DATABASE_URL": urlsplit(url)._replace(path=f"/{name}").geturl(), "REDIS_URL": ""}
    finally:
        _tell_server(url, sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


def _tell_server(url: str, statement: sql.Composed) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(statement)


@contextmanager
def start_stack(data: Path, *, workers: int = 1, plan: str = "standard", **settings: str) -> Iterator[Stack]:
    """Start everything, wait until it takes submissions, and end it with the block.

    `DATABASE_URL` and `REDIS_URL` of the environment are used where they are set; `settings` come on top, an
    empty one of these two brings the embedded default back.
    """
    ports = {name: _free_port() for name in ("web", "oauth", "portal")}
    secret = secrets.token_hex(24)  # one that begins with "-" would be read as an option
    env = {
        "DATA_DIR": str(data),
        "ENV_FILE": str(data / "none.env"),
        "DJANGO_SECRET_KEY": secrets.token_urlsafe(48),
        "FIELD_ENCRYPTION_KEYS": Fernet.generate_key().decode(),
        "APP_URL": f"http://127.0.0.1:{ports['web']}",
        "B24_CLIENT_ID": CLIENT_ID,
        "B24_CLIENT_SECRET": secret,
        "B24_OAUTH_HOSTS": f"http://127.0.0.1:{ports['oauth']}",
        "B24_ALLOW_INSECURE_PORTALS": "1",
        "SWEEP_SECONDS": "2",
        **settings,
    }
    if not env.get("DATABASE_URL", os.environ.get("DATABASE_URL")):
        env["DATABASE_URL"] = f"sqlite:///{data / 'trace-relay.sqlite3'}"
    with ExitStack() as ending:
        stack = Stack(data, env, ports)
        if not env.get("REDIS_URL", os.environ.get("REDIS_URL")):
            stack.redis = ending.enter_context(redis_server(data / "redis"))
            stack.env["REDIS_URL"] = stack.redis.url
        ending.callback(_stop, stack)
        portal = f"acme:{ports['portal']}:{plan}"
        argv = [sys.executable, "-m", "tests.sandbox", "--oauth-port", str(ports["oauth"]), "--portal", portal]
        client = ["--client-id", CLIENT_ID, "--client-secret", secret, "--app-url", env["APP_URL"]]
        stack.add("sandbox", [*argv, "--host", "localhost", *client])
        stack.run("migrate", "--verbosity", "0")
        stack.add("web", [sys.executable, "manage.py", "serve", "--port", str(ports["web"])])
        for number in range(workers):
            stack.add_worker(f"worker{number}")
        stack.add("beat", [sys.executable, "-m", "celery", "-A", "b24app", "beat", "--loglevel", "INFO"])
        _wait_for(stack, f"{env['APP_URL']}/readyz")
        _wait_for(stack, f"{stack.oauth_url}/_sandbox/state")
        yield stack


def _stop(stack: Stack) -> None:
    for process in reversed(stack.processes.values()):
        process.stop()


def _wait_for(stack: Stack, url: str) -> None:
    until = time.monotonic() + START_SECONDS
    while time.monotonic() < until:
        for name, process in stack.processes.items():
            if not process.alive:
                raise RuntimeError(f"{name} ended:\n{(stack.data / f'{name}.log').read_text()[-3000:]}")
        try:
            if requests.get(url, timeout=2).ok:
                return
        except requests.RequestException:
            pass
        time.sleep(0.05)
    raise RuntimeError(f"{url} did not answer within {START_SECONDS:.0f} s.")


def _free_port() -> int:
    """A free port below those that the system gives to outgoing connections."""
    while True:
        port = random.randrange(10000, 30000)
        with socket.socket() as listener:
            try:
                listener.bind(("127.0.0.1", port))
                return port
            except OSError:
                continue
