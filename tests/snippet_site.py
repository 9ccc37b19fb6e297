"""A pretended website with the snippet in its pages, and the relay that they send to, all inside the browser."""

from urllib.parse import urlsplit

from django.conf import settings

from tests.browser.test_portal_browser import until
from traces.intake import snippet

FAILURE, SILENCE = 0, -1
NEVER = "/never"  # an address that is not answered
SHOP = "https://shop.example"
RELAY = "https://relay.example"
KEY = "the-form"
TAG = f'<script async src="{RELAY}/in/{KEY}.js"></script>'
STORES = """() => Object.fromEntries(Object.keys(localStorage).filter((name) => name.startsWith("b24_crm_guest_"))
    .map((name) => [name, JSON.parse(localStorage.getItem(name))]))"""
LISTENING = """window.told = []; for (const name of ["sent", "kept", "failed"])
    document.addEventListener("tracerelay:" + name, (event) => told.push([name, event.detail]));"""
WITHOUT_STORAGE = """<script>Object.defineProperty(window, "localStorage",
    { get() { throw new DOMException("off") } })</script>"""
# The page's own clock, which stands: `AT` are unix seconds.
CLOCK = """<script>window.Date = class extends Date {
    constructor(...given) { given.length ? super(...given) : super(AT * 1000); }
    static now() { return AT * 1000; } }</script>"""
STAYS = 'onsubmit="event.preventDefault()"'
NAME = '<input name="NAME" value="Ines">'


def form(inside=NAME, attributes=f'method="post" {STAYS}', button="<button>Send</button>"):
    return f"<form {attributes}>{inside}{button}</form>"


FORM = form()


def document(*, script=TAG, form=FORM, title="A shop", h1=""):
    heading = f"<h1>{h1}</h1>" if h1 else ""
    return f'<!doctype html><title>{title}</title><link rel="icon" href="data:,">{script}{heading}{form}'


class Site:
    """A browser whose every request is answered here: by a shop, and by a relay whose next `statuses` can be chosen."""

    def __init__(self, context):
        self.context = context
        self.round = 0
        self.complaints = []
        context.on("weberror", lambda error: self.complaints.append(str(error.error)))
        context.add_init_script(LISTENING)
        context.route("**/*", self._answer)
        self.page = context.new_page()
        self.tools = context.new_cdp_session(self.page)
        self.forget()

    def forget(self):
        """Begin anew, as a browser that has never been here.

        With an address of its own: what an earlier test's page still sends is not counted.
        """
        self.round += 1
        self.intake = f"{RELAY}/{self.round}/in/{KEY}/"
        self.script = snippet.script(KEY).replace(f"{settings.APP_URL}/in/{KEY}/", self.intake)
        self.html, self.pages, self.posts, self.statuses = document(), {}, [], []
        self.page.goto("about:blank")
        self.context.clear_cookies()
        self.tools.send("Storage.clearDataForOrigin", {"origin": SHOP, "storageTypes": "local_storage"})

    def _answer(self, route):
        request, address = route.request, urlsplit(route.request.url)
        if f"{address.scheme}://{address.netloc}" != RELAY:
            if address.path != NEVER:
                route.fulfill(body=self.pages.get(address.path, self.html), content_type="text/html")
        elif address.path.endswith(".js"):
            route.fulfill(body=self.script, content_type="text/javascript")
        elif request.url != self.intake:
            self._take(route, 202)
        else:
            self.posts.append((request.headers.get("idempotency-key"), request.post_data_json))
            self._take(route, self.statuses.pop(0) if self.statuses else 202)

    def _take(self, route, status):
        if status == FAILURE:
            route.abort()
        elif status != SILENCE:
            headers = {"Access-Control-Allow-Origin": SHOP}
            route.fulfill(status=status, json={"id": "1f", "status": "queued"}, headers=headers)

    def open(self, path="/", **options):
        self.page.goto(SHOP + path, wait_until="load", **options)

    def press(self):
        self.page.get_by_role("button", name="Send").click()

    def submit(self, count=1):
        """Send the form; what the relay got, once it has as many submissions as `count` says."""
        self.press()
        until(self.page, lambda: len(self.posts) >= count)
        return self.posts[-1][1]

    def told(self, name):
        """The detail of the last event of this name, which is waited for."""
        self.page.wait_for_function("(name) => told.some(([one]) => one === name)", arg=name)
        return self.page.evaluate("(name) => told.filter(([one]) => one === name).pop()[1]", name)

    def stored(self):
        return self.page.evaluate(STORES)

    def kept(self):
        return [name for name in self.page.evaluate("Object.keys(localStorage)") if name.startswith("tracerelay:")]


def walk(site, case, script, read):
    """Make the visits of a recorded case with `script` in the pages; what `read` finds on each page that is read."""
    off = "" if case.get("local_storage", True) else WITHOUT_STORAGE
    agent = case.get("user_agent", "")
    site.tools.send("Emulation.setUserAgentOverride", {"userAgent": agent})
    cookies = case.get("cookies", {}).items()
    site.context.add_cookies([{"name": name, "value": value, "url": SHOP} for name, value in cookies])
    found = []
    for step in case["steps"]:
        clock = CLOCK.replace("AT", str(step["at"]))
        site.html = document(script=off + clock + script, title=step.get("title", "A shop"), h1=step.get("h1", ""))
        site.open(step["path"], referer=step.get("referrer"))
        if "gid" in step:
            site.page.evaluate("(gid) => localStorage.setItem('b24_crm_guest_id', JSON.stringify(gid))", step["gid"])
        if step.get("read"):
            found.append(read(site))
    return found
