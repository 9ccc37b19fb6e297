"""An export is made as it is read: one that nobody reads costs no memory, and does not last."""

import os
import socket
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import requests

from b24app.host.front import EXPORT_THREADS
from tests.fixtures.soak import SOAK
from tests.fixtures.waiting import until

STACK = {"workers": 0, "WEB_PROCESSES": "1"}
EXPORT = "/b24/app/settings/export/"
ROWS, ROW_BYTES, UNREAD = 3_000, 10_000, EXPORT_THREADS - 1
FILL = f"""
from traces.models import Form, Submission
form = Form.objects.create(portal_id=PORTAL, name="Shop", secret_hash="0")
facts = dict(portal_id=PORTAL, form=form, body_hash="0", state="delivered", due_at=None)
rows = [Submission(body={{"a": "x" * {ROW_BYTES}}}, **facts) for _ in range({ROWS})]
Submission.objects.bulk_create(rows, batch_size=500)
"""


def memory(process):
    """The bytes that the processes of a group have in memory."""
    total = 0
    for folder in Path("/proc").iterdir():
        if folder.name.isdecimal() and group_of(int(folder.name)) == process.pid:
            total += int((folder / "statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    return total


def group_of(pid):
    try:
        return os.getpgid(pid)
    except ProcessLookupError:
        return 0


def ask_and_read_nothing(stack, headers):
    address = urlsplit(stack.app_url)
    client = socket.socket()
    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    client.connect((address.hostname, address.port))
    lines = [f"POST {EXPORT} HTTP/1.0", f"Host: {address.netloc}", *(f"{name}: {headers[name]}" for name in headers)]
    client.sendall("\r\n".join([*lines, "", ""]).encode())
    client.settimeout(60)
    return client


@SOAK
@pytest.mark.timeout(300)  # it is filled, and read twice
def test_what_nobody_reads_is_not_made(stack):
    stack.install()
    number = "from b24app.models import Portal; PORTAL = Portal.objects.get().pk\n"
    stack.run("shell", "-v", "0", "-c", number + FILL)
    headers = stack.open()
    web = stack.processes["web"]

    def download(_=None):
        return requests.post(stack.app_url + EXPORT, headers=headers, timeout=60).content

    with ThreadPoolExecutor(EXPORT_THREADS) as pool:  # each thread of the server's has its chunk of rows
        whole = list(pool.map(download, range(EXPORT_THREADS)))[0]
    assert len(whole) > ROWS * ROW_BYTES
    before = memory(web)
    with ExitStack() as ending:
        late, *others = [ending.enter_context(ask_and_read_nothing(stack, headers)) for _ in range(UNREAD)]
        # While this is made and read, the others would be made as well.
        assert download() == whole
        assert memory(web) - before < UNREAD * ROWS * ROW_BYTES / 2
        for client in others:
            client.close()
        until(lambda: (stack.data / "web.log").read_text().count("the client has gone") == len(others), 60)
        answer = b"".join(iter(lambda: late.recv(1 << 20), b""))
    assert answer.partition(b"\r\n\r\n")[2] == whole
