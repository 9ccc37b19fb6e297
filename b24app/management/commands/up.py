"""`manage.py up`: everything on one machine, with one command."""

import os
import socket
import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.checks import Tags
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError

from b24app.host.processes import NoRedis, Process, redis_server
from b24app.host.supervisor import run_together

_FROM_BITRIX24 = {
    "B24_CLIENT_ID": "the application's ID (client_id; it begins with `app.` or `local.`)",
    "B24_CLIENT_SECRET": "the application's key (client_secret)",
}


class Command(BaseCommand):
    """Migrate, then run Redis (unless REDIS_URL names one), the web server, workers and beat until Ctrl-C."""

    help = "Run the web server, the workers, beat and Redis together, until Ctrl-C."
    requires_system_checks = ()  # checked below, behind the plainer message

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--port", type=int, default=8000)

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            self._up(options["port"])
        except NoRedis as error:
            raise CommandError(str(error), returncode=2) from None
        except KeyboardInterrupt:  # before everything runs; later Ctrl-C is a wish that run_together knows
            pass
        self.stdout.write("Ended.")

    def _up(self, port: int) -> None:
        self.check()
        _require_free(port)
        call_command("migrate", interactive=False, verbosity=0)
        self.check(tags=[Tags.database], databases=["default"])
        self.stdout.write(_addresses(port))
        self.stdout.write(_missing())
        if "REDIS_URL" in os.environ:
            run_together(_processes(port, settings.REDIS_URL))
            return
        with redis_server(settings.DATA_DIR / "redis") as redis:
            run_together([redis.process, *_processes(port, redis.url)])


def _processes(port: int, redis_url: str) -> list[Process]:
    python = [sys.executable, "-u"]
    # Neither Celery's banners nor its page-long warning of each worker's user.
    celery = [*python, "-W", "ignore:You're running the worker", "-m", "celery", "--quiet", "-A", "b24app"]
    commands = {"web": [*python, "manage.py", "serve", "--port", str(port)], "beat": [*celery, "beat"]}
    for number in range(1, settings.WORKERS + 1):
        name = f"worker{number}"
        commands[name] = [
            *[*celery, "worker", "-n", f"{name}@%h", "--loglevel", "INFO"],
            *["--without-gossip", "--without-mingle"],
        ]
    return [
        Process(name, argv, env={"REDIS_URL": redis_url}, cwd=Path(settings.BASE_DIR), prefix=True)
        for name, argv in commands.items()
    ]


def _missing() -> str:
    """What Bitrix24 gives only once it has seen these addresses answer, and where; "" if all is there."""
    missing = [name for name in _FROM_BITRIX24 if not getattr(settings, name)]
    if not missing:
        return ""
    lines = "\n".join(f"  {name}   {_FROM_BITRIX24[name]}" for name in missing)
    return (
        f"Bitrix24 does not know this installation yet. These settings are missing:\n{lines}\n"
        "Create the application with the addresses above: on the portal under Applications > Developer resources >\n"
        "Common use cases > Other > Local application, or in the vendor's area. Bitrix24 then shows both values.\n"
        "Write them into the file .env (`make env` makes one) and start again. Until then no portal can be connected.\n"
        "To see everything work without a portal: make demo"
    )


def _require_free(port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            other = f'make run ARGS="--port {port + 1}"'
            raise CommandError(f"Port {port} cannot be used ({error.strerror}). Choose another: {other}") from None


def _addresses(port: int) -> str:
    return (
        f"Trace Relay listens on http://127.0.0.1:{port}; Bitrix24 reaches it at {settings.APP_URL}\n"
        f"  application's address    {settings.APP_URL}/b24/app/\n"
        f"  installation's address   {settings.APP_URL}/b24/install/\n"
        f"  licence, privacy, help   {settings.APP_URL}/license/ /privacy/ /help/\n"
        "Ctrl-C ends it."
    )
