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

_REQUIRED = {
    "B24_CLIENT_ID": "the application's client_id (it begins with `app.` or `local.`)",
    "B24_CLIENT_SECRET": "the application's client_secret",
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
            self.stdout.write("Ended.")

    def _up(self, port: int) -> None:
        _require_settings()
        self.check()
        _require_free(port)
        call_command("migrate", interactive=False, verbosity=0)
        self.check(tags=[Tags.database], databases=["default"])
        self.stdout.write(_addresses(port))
        if "REDIS_URL" in os.environ:
            run_together(_processes(port, settings.REDIS_URL))
            return
        with redis_server(settings.DATA_DIR / "redis") as redis:
            run_together([redis.process, *_processes(port, redis.url)])


def _processes(port: int, redis_url: str) -> list[Process]:
    python = [sys.executable, "-u"]
    celery = [*python, "-m", "celery", "-A", "b24app"]
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


def _require_settings() -> None:
    missing = [name for name in _REQUIRED if not getattr(settings, name)]
    if not missing:
        return
    lines = "\n".join(f"  {name}   {_REQUIRED[name]}" for name in missing)
    raise CommandError(
        f"These settings are missing:\n{lines}\n"
        "Bitrix24 shows them on the application's card: Developer resources > Other > Local application, or in\n"
        "the Marketplace partner's account. Write them into the file .env (copy .env.example) and start again.\n"
        "To see everything work without a portal: make demo",
        returncode=2,
    )


def _require_free(port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            raise CommandError(f"Port {port} cannot be used ({error.strerror}): choose another by --port.") from None


def _addresses(port: int) -> str:
    return (
        f"Trace Relay listens on http://127.0.0.1:{port}; Bitrix24 reaches it at {settings.APP_URL}\n"
        f"  application's address    {settings.APP_URL}/b24/app/\n"
        f"  installation's address   {settings.APP_URL}/b24/install/\n"
        "Ctrl-C ends it."
    )
