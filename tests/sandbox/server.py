"""The sandbox as servers on this machine: a port for the OAuth server and one for each portal."""

from __future__ import annotations

import asyncio
import threading
import traceback
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import asdict
from functools import partial
from typing import Any

import aiohttp
from aiohttp import web

from tests.sandbox import control, events, oauth, pages, replies, rest
from tests.sandbox.clock import Clock
from tests.sandbox.faults import Fault, Faults
from tests.sandbox.portal import Hit, Portal

Handler = Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]
EVENT_SECONDS = 30.0


class Sandbox:
    """Portals and their OAuth server, in a thread of this process. Also a context manager."""

    def __init__(
        self,
        client_id: str = "local.sandbox",
        client_secret: str = "sandbox-secret",
        app_url: str = "http://127.0.0.1:8000",
        scope: str = "crm,placement,im",
        oauth_port: int = 0,
    ) -> None:
        self.client_id, self.client_secret = client_id, client_secret
        self.app_url, self.scope, self.oauth_port = app_url, scope, oauth_port
        self.clock, self.faults = Clock(), Faults()
        self.portals: dict[str, Portal] = {}
        self.refreshes: list[dict[str, Any]] = []
        self.events_sent: list[dict[str, Any]] = []
        self.event_delay = 0.0
        self._loop = asyncio.new_event_loop()
        self._thread: threading.Thread | None = None
        self._runners: list[web.ServerRunner] = []
        self._client: aiohttp.ClientSession | None = None
        self._sending: set[asyncio.Task[None]] = set()

    # --- From outside the thread -----------------------------------------------------------------

    @property
    def oauth_url(self) -> str:
        """The OAuth server's base URL."""
        return f"http://127.0.0.1:{self.oauth_port}"

    def start(self) -> Sandbox:
        """Serve, from a thread of its own."""
        self._thread = threading.Thread(target=self._loop.run_forever, name="sandbox", daemon=True)
        self._thread.start()
        self.oauth_port = self.wait(self._listen(self.answer_oauth, "127.0.0.1", self.oauth_port))
        return self

    def stop(self) -> None:
        """End serving."""
        self.wait(self._close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        if self._thread:
            self._thread.join()
        self._loop.close()

    def __enter__(self) -> Sandbox:
        return self.start()

    def __exit__(self, *error: object) -> None:
        self.stop()

    def wait(self, work: Coroutine[Any, Any, Any]) -> Any:
        """Run a coroutine in the sandbox' thread and return its result."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(30)

    def add_portal(self, name: str, plan: str | None = "standard", **facts: Any) -> Portal:
        """Add a portal and serve it; `facts` are fields of `Portal` (port 0: a free one)."""
        return self.wait(self.open_portal(name, plan, **facts))  # type: ignore[no-any-return]

    def install(self, portal: Portal) -> None:
        """The administrator presses Install: the application is there, its page not yet shown."""
        portal.activate()
        portal.installed = False

    def finish_install(self, portal: Portal) -> None:
        """The application's page has called `installFinish`."""
        self.wait(self.send(portal, events.finish_install(portal)))

    def update(self, portal: Portal, version: int) -> None:
        """A new version of the application is installed."""
        self.wait(self.send(portal, events.update(portal, version)))

    def uninstall(self, portal: Portal, clean: bool = False, silent: bool = False) -> None:
        """The application is removed, with its data where `clean`; `silent` loses the event."""
        self.wait(self.send(portal, events.uninstall(portal, clean=clean, silent=silent)))

    def rename(self, portal: Portal) -> None:
        """The portal moves to another port; the old one answers 302."""
        self.wait(self.move(portal))

    # --- Inside the thread -----------------------------------------------------------------------

    async def open_portal(self, name: str, plan: str | None, **facts: Any) -> Portal:
        """Add a portal and listen for it."""
        facts = {"client_id": self.client_id, "app_url": self.app_url, "scope": self.scope, **facts}
        portal = Portal(name, self.clock, oauth_url=self.oauth_url, plan=plan, **facts)
        portal.port = await self._listen_for(portal, portal.host, portal.port)
        self.portals[name] = portal
        return portal

    async def move(self, portal: Portal) -> None:
        """Serve the portal from a new port, and redirect from the old one."""
        portal.port = await self._listen_for(portal, portal.host, 0)

    async def send(self, portal: Portal, found: list[tuple[str, str]]) -> None:
        """Send events in the background, once each, whatever is answered.

        Each waits `event_delay` seconds as it is now: a shorter one given later overtakes.
        """
        for handler, text in found:
            task = asyncio.create_task(self._post(handler, text, self.event_delay))
            self._sending.add(task)
            task.add_done_callback(self._sending.discard)

    async def _post(self, handler: str, text: str, delay: float) -> None:
        await asyncio.sleep(delay)
        if self._client is None:
            self._client = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=EVENT_SECONDS))
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        try:
            async with self._client.post(handler, data=text, headers=headers, allow_redirects=False) as answer:
                status = answer.status
        except (aiohttp.ClientError, OSError):
            status = 0
        self.events_sent.append({"handler": handler, "event": text.split("&")[0][6:], "status": status})

    async def _listen_for(self, portal: Portal, host: str, port: int) -> int:
        """Listen for a portal; an address that it has left since redirects to its present one."""

        own = 0

        async def answer(request: web.BaseRequest) -> web.StreamResponse:
            if own and portal.port != own:
                return web.Response(status=302, headers={"Location": f"http://{portal.domain}{request.raw_path}"})
            return await self.answer_portal(portal, request)

        own = await self._listen(answer, host, port)
        return own

    async def _listen(self, answer: Handler, host: str, port: int) -> int:
        async def guarded(request: web.BaseRequest) -> web.StreamResponse:
            try:
                return await answer(request)
            except web.HTTPException:
                raise
            except Exception:  # one bad request must not end in more than its own answer
                traceback.print_exc()
                return web.Response(status=500, text=rest.HTML_500, content_type="text/html")

        runner = web.ServerRunner(web.Server(guarded, access_log=None), shutdown_timeout=0.1)
        await runner.setup()
        site = web.TCPSite(runner, host, port)
        await site.start()
        self._runners.append(runner)
        return int(runner.addresses[0][1])

    async def _close(self) -> None:
        for task in list(self._sending):
            task.cancel()
        for runner in self._runners:
            await runner.cleanup()
        if self._client:
            await self._client.close()
        # Requests that still hang, on purpose of a fault, end with us.
        hanging = asyncio.all_tasks() - {asyncio.current_task()}
        for task in hanging:
            task.cancel()
        await asyncio.gather(*hanging, return_exceptions=True)

    async def answer_oauth(self, request: web.BaseRequest) -> web.StreamResponse:
        """The OAuth server, and the sandbox' own control interface."""
        path = request.path.rstrip("/")
        if path.startswith("/_sandbox"):
            return await control.answer(self, request)
        params = {key: str(value) for key, value in {**request.query, **(await request.post())}.items()}
        portals = self.portals.values()
        if path == "/oauth/token":
            fault = self.faults.take("oauth/token", "")
            answer = partial(oauth.token, params, portals, self.client_id, self.client_secret, self.refreshes)
        elif path == "/rest/app.info":
            fault = self.faults.take("app.info", "")
            token = params.get("auth") or request.headers.get("Authorization", "").removeprefix("Bearer ")
            answer = partial(oauth.app_info, token, portals, self.client_id)
        else:
            return web.Response(status=404, text="Not found")

        async def work() -> rest.Reply:
            return rest.Reply(*answer())

        return await self._with_faults(request, fault, work)

    async def answer_portal(self, portal: Portal, request: web.BaseRequest) -> web.StreamResponse:
        """A portal: REST, the authorization page, and the pages of its own."""
        if not request.path.startswith("/rest/"):
            return await pages.answer(self, portal, request)
        if request.method == "OPTIONS":
            return web.Response(headers=replies.CORS)
        body = await request.content.read()  # of any size; `request.read` has a limit
        query = request.raw_path.partition("?")[2]  # as it was sent; `request.query_string` is decoded
        facts = rest.Request(request.path[6:], query, request.headers, body, request.remote or "")
        fault = self.faults.take(rest.name_of(facts.path)[0], portal.name, body)
        cut = fault.options.get("commands", 0) if fault and fault.kind == "partial_batch" else None

        def refused(status: int, error: str) -> None:
            portal.hits.append(Hit(self.clock.now(), rest.name_of(facts.path)[0], status, error, 0))

        return await self._with_faults(request, fault, partial(rest.serve, portal, facts, commands=cut), refused)

    async def _with_faults(
        self,
        request: web.BaseRequest,
        fault: Fault | None,
        work: Callable[[], Awaitable[rest.Reply]],
        refused: Callable[[int, str], None] = lambda status, error: None,
    ) -> web.StreamResponse:
        """Answer by `work`, or as the fault has it; `refused` is told the status (0: none) and error of the latter."""
        if fault is None:
            return await replies.answer(request, work)
        if fault.kind in {"hang", "slow"}:
            await asyncio.sleep(fault.options.get("seconds", 3600 if fault.kind == "hang" else 1))
        if fault.kind in {"close_before", "hang"}:
            refused(0, fault.kind)
            return replies.drop(request)
        if canned := replies.canned(fault):
            refused(canned.status, canned.body["error"] if isinstance(canned.body, dict) else fault.kind)
            return replies.respond(canned)
        answer = await replies.answer(request, work)
        return replies.drop(request) if fault.kind == "close_after" else answer

    def state(self) -> dict[str, Any]:
        """All that a test may want to see."""
        return {
            "oauth_url": self.oauth_url,
            "refreshes": self.refreshes,
            "events_sent": self.events_sent,
            "faults_struck": self.faults.struck,
            "portals": {name: describe(portal) for name, portal in self.portals.items()},
        }


def describe(portal: Portal) -> dict[str, Any]:
    """A portal in JSON."""
    return {
        "member_id": portal.member_id,
        "domain": portal.domain,
        "rest_url": portal.rest_url,
        "webhook_url": portal.webhook_url,
        "application_token": portal.application_token,
        "installed": portal.installed,
        "active": portal.active,
        "traces": sum(1 for trace in portal.traces if trace.id and not trace.parent),
        "entities": [{"TYPE": kind, **fields} for (kind, _), fields in portal.entities.items()],
        "bindings": portal.bindings,
        "hits": len(portal.hits),
        "last_hits": [asdict(hit) for hit in portal.hits[-20:]],
        "throttled": sum(1 for hit in portal.hits if hit.status == 503),
        "notices": portal.notices,
    }
