"""Secrets and personal values go through all processes, which log all they can: outside of what may hold them, no
place has any of them in the clear. `tests/pages/test_planted.py` switches off each guard.
"""

import json
import re
import subprocess
from base64 import b64encode
from pathlib import Path
from urllib.parse import urlencode

import pyotp
import pytest
import requests

from tests.fixtures.mail import mail_server
from tests.fixtures.planted import Listener, Places, new_mark, personal, refused, taken
from tests.fixtures.soak import SOAK
from tests.fixtures.stack import private_services, start_stack, wait_for
from tests.fixtures.waiting import until

TOTP = pyotp.random_base32()
SET_UP = """
import io, json
from django.contrib.auth.models import User
from django.core.management import call_command
from b24app.models import Portal, SecondFactor
from traces.models import Preferences
from traces.setup import forms
portal = Portal.objects.get()
made = []
for number in range(2):
    form, secret = forms.create(portal, name=f"Shop {{number}}", creates="lead")
    busy, _ = forms.create(portal, name=f"Busy {{number}}", creates="trace", max_per_minute=1)
    made.append([form.key, busy.key, forms.renew_secret(form), secret])
Preferences.objects.create(portal=portal, notify="email", notify_email={mail!r}, welcomed=True)
user = User.objects.create_superuser("operator", password={password!r})
SecondFactor.objects.create(user=user, secret={totp!r})
call_command("portal_add_webhook", {webhook!r}, stdout=io.StringIO(), stderr=io.StringIO())
print(json.dumps(made))
"""


class Walk:
    """One way through all processes, and what is found of it."""

    def __init__(self, stack, mark, mail):
        self.stack, self.mail, self.places, self.ids = stack, mail, Places(), []
        self.said = {**personal(mark), "administrator e-mail": f"boss.{mark}@portal.example"}
        self.listener = Listener(stack.env["REDIS_URL"])
        names = ("B24_CLIENT_SECRET", "DJANGO_SECRET_KEY", "FIELD_ENCRYPTION_KEYS", "METRICS_TOKEN")
        password = f"mailpassword{mark}"
        self.secrets = {name: stack.env[name] for name in names} | {
            "mail server password": password,
            "mail login": b64encode(f"\0user\0{password}".encode()).decode(),
            "operator's password": f"operatorpassword{mark}",
            "second factor": TOTP,
        }
        self.operator = requests.Session()
        self.stranger = {
            "User-Agent": self.said["user agent"],
            "X-Forwarded-For": self.said["address of the machine"],
        }

    def go(self):
        forms = self.install()
        self.log_in()
        self.walk(*forms[0])
        self.be_told()
        self.write_json()
        self.walk(*forms[1])
        return self.leaks()

    def install(self):
        """Portals are there, by the application and by a webhook, and strangers try the same. The forms."""
        self.stack.install()
        until(lambda: self.portal["bindings"], 120)
        opening = self.stack.sandbox("POST", "/portals/acme/frame_post", user_id=1)
        self.secrets |= {
            "access token": opening["body"]["AUTH_ID"],
            "refresh token": opening["body"]["REFRESH_ID"],
            "application token": self.portal["application_token"],
            "webhook code": self.portal["webhook_url"].split("/")[-2],
        }
        query = urlencode(opening["query"])
        for forged in ({"AUTH_ID": self.said["stranger token"]}, {"APPLICATION_TOKEN": self.said["wrong secret"]}):
            self.ask(f"/b24/install/?{query}", opening["body"] | forged)
        self.ask(f"/b24/oauth/callback/?code={self.said['code']}")
        self.ask("/b24/events/", {"event": "ONAPPTEST", "data[WORDS]": self.said["portal words"]})
        names = {"mail": self.said["administrator e-mail"], "password": self.secrets["operator's password"]}
        names["webhook"] = self.portal["webhook_url"]
        made = self.stack.run("shell", "-v", "0", "-c", SET_UP.format(totp=TOTP, **names))
        opened = self.ask(f"/b24/app/?{query}", opening["body"], place="").text
        self.secrets["session"] = re.search('name="frame-session" content="([^"]+)"', opened)[1]
        self.pages = [opened]
        return json.loads(made)

    @property
    def portal(self):
        return self.stack.sandbox("GET", "/state")["portals"]["acme"]

    def log_in(self):
        """The operator logs in, after having mistyped the code."""
        address = f"{self.stack.app_url}/admin/login/"
        self.operator.get(address, timeout=30)
        told = {"username": "operator", "password": self.secrets["operator's password"], "next": "/admin/"}
        told["csrfmiddlewaretoken"] = self.operator.cookies["csrftoken"]
        for code in ("no", pyotp.TOTP(TOTP).now()):
            entered = self.operator.post(address, {**told, "code": code}, timeout=30)
            self.places.add("operator's pages", entered.text)
        assert "Operator&#x27;s pages" in entered.text
        self.secrets["operator's session"] = self.operator.cookies["sessionid"]

    def write_json(self):
        """From now on the processes log in JSON."""
        self.stack.env["LOG_FORMAT"] = "json"
        for name in ("web", "worker0", "beat"):
            self.stack.processes[name].stop()
            self.stack.processes[name].start()
        wait_for(self.stack, f"{self.stack.app_url}/readyz")

    def walk(self, key, busy, secret, former_secret):
        """Websites send to these two forms, and all look at what came of it."""
        self.secrets |= {f"form secret {key}": secret, f"former form secret {key}": former_secret}
        ids = list(self.send(key, busy))
        shown = {"Authorization": f"Bearer {secret}"}

        def statuses():
            return [self.ask(f"/in/{key}/{one}/", place="", **shown) for one in ids]

        until(lambda: sorted(answer.json()["status"] for answer in statuses()) == ["delivered"] * 4 + ["failed"], 120)
        self.places.add("status", "".join(answer.text for answer in statuses()))
        self.administer(ids)
        self.operate(ids)
        self.ids += ids

    def ask(self, path, body=None, place="pages", **headers):
        data = urlencode(body) if isinstance(body, dict) else body
        headers = {**self.stranger, "Content-Type": "application/x-www-form-urlencoded", **headers}
        verb = "GET" if body is None else "POST"
        answer = requests.request(
            verb, f"{self.stack.app_url}{path}", data=data, headers=headers, timeout=30, allow_redirects=False
        )
        if place:
            self.places.add(place, f"{answer.headers} {answer.text}")
        return answer

    def send(self, key, busy):
        words = f"A lead of {self.said['portal words']} is there already"
        fault = {"kind": "error", "code": "ERROR_CORE", "times": 0, "description": words}
        self.stack.sandbox("POST", "/faults", **fault, containing=self.said["text body"])
        self.stack.sandbox("POST", "/faults", kind="expired_token", method="batch")
        for request in taken(self.said) + refused(self.said):
            form = busy if request.is_busy else key
            headers = {"Content-Type": request.kind, **request.headers}
            place = "kept page" if request.status == 429 else "answers"
            answer = self.ask(f"/in/{form}/{request.query}", request.text.encode(), place, **headers)
            assert answer.status_code == request.status
            if request.status == 200:
                yield answer.json()["id"]
        # The visitor's own page has what was typed, but for what belongs into no page.
        self.places.texts["kept page"] = self.places.texts["kept page"].replace(self.said["refused body"], "")

    def administer(self, ids):
        """An administrator sees what visitors typed."""
        paths = ["/b24/app/submissions/", "/b24/app/settings/", *(f"/b24/app/submissions/{one}/" for one in ids)]
        self.pages += [self.frame(path) for path in paths]
        self.pages.append(self.frame("/b24/app/settings/export/", {}))
        assert self.said["name"] in self.pages[-1]

    def frame(self, path, body=None):
        session = {"X-Frame-Session": self.secrets["session"], "HX-Request": "true"}
        return self.ask(path, body, place="", **session).text

    def be_told(self):
        """The administrator is told of the failure by e-mail, by a worker, and asks the web server to try it."""
        assert "Test notification sent" in self.frame("/b24/app/settings/notices/test/", {})
        for key in self.listener.client.scan_iter("*tidy*"):
            self.listener.client.delete(key)
        until(lambda: any("not delivered" in letter for letter in self.mail.letters), 120)

    def operate(self, ids):
        names = ("b24app/portal", "b24app/portalevent", "traces/form", "traces/submission", "traces/unmatched")
        for path in [f"{name}/" for name in names] + [f"traces/submission/{one}/change/" for one in ids]:
            page = self.operator.get(f"{self.stack.app_url}/admin/{path}", timeout=30)
            assert page.status_code == 200
            self.places.add("operator's pages", page.text)
        self.ask("/metrics", place="figures", Authorization=f"Bearer {self.secrets['METRICS_TOKEN']}")
        for path in ("/nothing/", f"/in/{'x' * 20}/?{self.said['name']}", "/readyz", "/healthz", "/metrics"):
            self.ask(path, Authorization=f"Bearer {self.said['wrong secret']}")

    def leaks(self):
        """What is found where it must not be; no page shows an administrator a secret but the page's own session."""
        self.places.add("Redis", self.listener.text())
        self.places.add("database", self.stolen())
        for letter in self.mail.letters:
            self.places.add("letters", re.sub("^To: .*", "", letter, flags=re.MULTILINE))
        for file in self.stack.data.rglob("*.log"):
            if file.stem != "sandbox":
                self.places.add(f"log of {file.stem}", file.read_text())
        own = {name: secret for name, secret in self.secrets.items() if name != "session"}
        shown = Places({"administrator's pages": "".join(self.pages)}).leaks(own)
        return self.places.leaks(self.said | self.secrets) | shown

    def stolen(self):
        """SQLite's file with its journal, or a dump of PostgreSQL."""
        url = self.stack.env["DATABASE_URL"]
        if url.startswith("postgres"):
            return subprocess.run(["pg_dump", url], capture_output=True, text=True, check=True).stdout
        files = [Path(f"{url.removeprefix('sqlite:///')}{tail}") for tail in ("", "-wal")]
        return "".join(file.read_bytes().decode("latin-1") for file in files)


@SOAK
@pytest.mark.timeout(300)  # a dozen processes start
def test_nothing_that_was_planted_is_found_where_it_must_not_be(tmp_path):
    mark = new_mark()
    with mail_server() as mail, private_services() as services:
        settings = {
            "LOG_LEVEL": "DEBUG",
            "LOG_FORMAT": "text",
            "EMAIL_URL": f"smtp://user:mailpassword{mark}@127.0.0.1:{mail.port}",
            "METRICS_TOKEN": f"metricstoken{mark}",
            "PROXIES": "1",
        }
        with start_stack(tmp_path, plan="none", **services, **settings) as stack:
            walk = Walk(stack, mark, mail)
            assert walk.go() == set()
    assert len(walk.said | walk.secrets) >= 40
    looked_at_something(walk.places.texts, walk.ids)
    assert walk.secrets["mail login"] in mail.logins


def looked_at_something(texts, ids):
    """Each place has what belongs there, and would have had what does not."""
    for place in ("database", "answers", "status", "operator's pages"):
        assert all(one in texts[place] for one in ids)
    for process in ("web", "worker0", "beat"):
        assert " DEBUG " in texts[f"log of {process}"] and '"level": "DEBUG"' in texts[f"log of {process}"]
    assert "traces.drain" in texts["Redis"] and "trace_relay_submissions" in texts["figures"]
    assert "not delivered" in texts["letters"] and "Not Found" in texts["pages"] and texts["kept page"]
