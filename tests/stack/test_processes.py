"""Real processes: they start, end, survive a kill with their data, and never outlive their parent."""

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest
import redis

from b24app.host import processes
from b24app.host.processes import NoRedis, Process, redis_program, redis_server
from b24app.host.supervisor import run_together
from tests.fixtures.waiting import until

PROGRAMS = sorted({found for found in (redis_program(), processes.embedded_redis_program()) if found})


def is_gone(pid):
    """Whether the process has ended; one that nobody has asked after yet (a zombie) counts too."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2].startswith("Z")
    except (FileNotFoundError, ProcessLookupError):
        return True


def python(code):
    return [sys.executable, "-c", code]


@pytest.fixture(params=PROGRAMS, ids=lambda path: Path(path).name)
def server(request, tmp_path):
    with redis_server(tmp_path / "redis", program=request.param) as running:
        yield running


@pytest.fixture
def client(server):
    with redis.Redis(unix_socket_path=server.url.removeprefix("redis+socket://")) as connection:
        yield connection


# --- Redis ------------------------------------------------------------------------------------


def test_redis_answers_on_a_private_socket_with_a_short_path(server, client):
    socket = Path(server.url.removeprefix("redis+socket://"))
    assert client.ping()
    assert len(str(socket)) < 100
    assert socket.parent.stat().st_mode & 0o777 == 0o700


def test_redis_keeps_its_data_over_a_restart(server, client):
    client.set("kept", "1")
    server.restart()
    assert client.get("kept") == b"1"


def test_redis_keeps_its_data_over_a_kill(server, client):
    client.set("kept", "1")
    server.kill()
    server.start()
    assert client.get("kept") == b"1"


def test_redis_ends_with_the_block(tmp_path):
    with redis_server(tmp_path) as server:
        pid = server.pid
    assert is_gone(pid)


def test_redis_ends_with_a_parent_that_is_killed(tmp_path):
    code = (
        "import sys, time, pathlib; from b24app.host.processes import redis_server\n"
        "with redis_server(pathlib.Path(sys.argv[1])) as server: print(server.pid, flush=True); time.sleep(60)"
    )
    with subprocess.Popen([*python(code), str(tmp_path)], stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout
        pid = int(parent.stdout.readline())
        parent.kill()
    until(lambda: is_gone(pid))


def test_two_redis_in_one_directory_are_refused(tmp_path):
    with redis_server(tmp_path), pytest.raises(NoRedis, match="twice"), redis_server(tmp_path):
        pass


def test_a_redis_that_cannot_start_says_where_to_look(tmp_path):
    with pytest.raises(NoRedis, match=r"redis\.log"), redis_server(tmp_path, program="/bin/false"):
        pass


def test_a_machine_without_any_redis_is_told_what_to_do(tmp_path, monkeypatch):
    monkeypatch.setattr(processes, "redis_program", lambda: None)
    with pytest.raises(NoRedis, match="REDIS_URL"), redis_server(tmp_path):
        pass


# --- One process ------------------------------------------------------------------------------


@pytest.fixture
def stubborn(tmp_path):
    """A process that ignores SIGTERM, with a child of its own whose pid is its first line."""
    child = "import subprocess, sys; print(subprocess.Popen(['sleep', '60']).pid, flush=True)"
    ignore = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); " + child + "; time.sleep(60)"
    log = tmp_path / "log"
    process = Process("stubborn", python(ignore), log=log)
    process.start()
    until(lambda: log.read_text().endswith("\n"))
    yield process
    process.kill()


def test_stop_asks_a_process_to_end():
    process = Process("sleep", ["sleep", "60"])
    process.start()
    process.stop()
    assert process.returncode == -signal.SIGTERM


def test_stop_kills_a_process_that_will_not_end(stubborn):
    stubborn.stop(grace=0.1)
    assert stubborn.returncode == -signal.SIGKILL


def test_kill_reaches_the_whole_group(stubborn):
    child = int(stubborn.log.read_text())
    stubborn.kill()
    until(lambda: is_gone(child))


def test_a_process_can_be_started_again():
    process = Process("true", ["true"])
    process.start()
    first = process.pid
    until(lambda: not process.alive)
    process.start()
    assert process.pid != first
    process.stop()


def test_prefixed_output_names_its_process(capfd):
    process = Process("web", ["echo", "ready"], prefix=True)
    process.start()
    until(lambda: not process.alive)
    until(lambda: "   web | ready\n" in capfd.readouterr().out)


# --- Several ----------------------------------------------------------------------------------


@pytest.fixture
def interrupt_when():
    """Send this process SIGINT, as Ctrl-C does, once something has become true."""
    waiting = []

    def interrupt(true):
        try:
            until(true)
        finally:
            os.kill(os.getpid(), signal.SIGINT)

    def arrange(true):
        thread = threading.Thread(target=interrupt, args=(true,))
        thread.start()
        waiting.append(thread)

    yield arrange
    for thread in waiting:
        thread.join()


def test_run_together_ends_all_on_interrupt(interrupt_when):
    both = [Process("a", ["sleep", "60"]), Process("b", ["sleep", "60"])]
    interrupt_when(lambda: all(process.alive for process in both))
    run_together(both)
    assert [process.returncode for process in both] == [-signal.SIGTERM] * 2


def test_run_together_starts_again_what_ended(interrupt_when, tmp_path):
    log = tmp_path / "log"
    interrupt_when(lambda: log.exists() and log.read_text().count("started") >= 2)
    run_together([Process("once", ["echo", "started"], log=log)])
    assert log.read_text().count("started") >= 2
