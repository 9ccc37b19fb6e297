"""Whatever happens in whatever order: every submission ends once, and is on the portal once.

Hypothesis drives intake, workers (some of which die in the middle), faults, time, and wipes of Redis against the
sandbox portal. At the end everything is repaired, and all is counted.
"""

import contextlib
from collections import Counter
from datetime import timedelta

import pytest
from django.db.models import F
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule, run_state_machine_as_test

from b24app.models import Portal
from b24app.portal import calls, install
from tests.fixtures.forms import make_form
from traces.delivery import claims, drain, results, settle
from traces.models import Attempt, Batch, Submission

FAULTS = ["throttle", "html_502", "empty", "close_before", "close_after", "expired_token", "redirect", "partial_batch"]
ODD_TEXTS = ["", "$result[c0]", "a $RESULT[mark] b", "$error[c1][error]", "$time[receipt]", "\\u0024result[c0]"]


class Killed(BaseException):
    """The worker's process is gone: nothing after this point is run."""


def die(*_, **__):
    raise Killed


class Machine(RuleBasedStateMachine):
    """Set on the class by the test: sandbox, redis, monkeypatch, numbers."""

    def __init__(self):
        super().__init__()
        self.number = next(self.numbers)
        self.sandbox.faults.clear()
        self.sandbox.faults.struck.clear()
        self.portal = self.sandbox.add_portal(f"machine{self.number}", plan=None)
        self.portal.active = self.portal.installed = True
        self.row = self.open()
        self.forms = [make_form(self.row), make_form(self.row, creates="link")]
        self.pages = {}

    def open(self):
        return install.open_frame(install.claim_of_frame(*self.portal.frame_post())).portal

    @rule(count=st.integers(1, 60), link=st.booleans(), text=st.sampled_from(ODD_TEXTS))
    def submit(self, count, link, text):
        for _ in range(count):
            page = f"https://shop.example/{self.number}/{len(self.pages)}"
            trace = {"url": page, "pages": {"list": [[page, 1790000000, text]]}, "tags": {"list": {"utm_term": text}}}
            body = {"TRACE": trace}
            if link:
                body["ENTITIES"] = [{"TYPE": "LEAD", "ID": 1}]
            form = self.forms[link]
            row = Submission.objects.create(portal=self.row, form=form, body=body, body_hash="0" * 64)
            self.pages[page] = row.pk

    @rule()
    def work(self):
        drain.drain(self.row.pk)

    @rule(
        point=st.sampled_from(
            [
                (claims, "prepare"),
                (claims, "release_all_but"),
                (calls, "call_batch"),
                (results, "save"),
                (settle, "_settle_by_answer"),
            ]
        )
    )
    def work_and_die(self, point):
        with self.monkeypatch.context() as dying:
            dying.setattr(*point, die)
            with contextlib.suppress(Killed):
                drain.drain(self.row.pk)

    @rule(
        kind=st.sampled_from(FAULTS),
        times=st.integers(1, 3),
        method=st.sampled_from([None, "batch", "user.option.get"]),
    )
    def meet(self, kind, times, method):
        options = {"url": "https://elsewhere.example/"} if kind == "redirect" else {}
        options |= {"commands": 2} if kind == "partial_batch" else {}
        self.sandbox.faults.add(kind, times=times, method=method, portal=self.portal.name, **options)

    @rule()
    def let_tokens_expire(self):
        self.portal.expire_tokens()

    @rule(ended=st.booleans())
    def pay_or_not(self, ended):
        self.portal.payment_ended = ended

    @rule(seconds=st.sampled_from([1, 20, 90, 7 * 3600]))
    def let_pass(self, seconds):
        ago = timedelta(seconds=seconds)
        Batch.objects.update(
            lease_until=F("lease_until") - ago, sent_at=F("sent_at") - ago, expected_at=F("expected_at") - ago
        )
        Submission.objects.filter(state__in=["queued", "sending"]).update(due_at=F("due_at") - ago)
        Portal.objects.filter(paused_until__isnull=False).update(paused_until=F("paused_until") - ago)
        Portal.objects.filter(probe_at__isnull=False).update(probe_at=F("probe_at") - ago)
        self.wipe_redis()  # whose time cannot be moved: its buckets are empty by then

    @rule()
    def wipe_redis(self):
        for key in self.redis.scan_iter("trace-relay:*"):
            self.redis.delete(key)

    def teardown(self):
        self.sandbox.faults.clear()
        self.portal.payment_ended = False
        self.open()
        own = Submission.objects.filter(portal=self.row)
        for _ in range(60):
            self.let_pass(7 * 3600)
            Portal.objects.update(paused_until=None)
            drain.drain(self.row.pk)
            if not own.filter(state__in=["queued", "sending"]).exists():
                break
        assert set(own.values_list("state", flat=True)) <= {"delivered"}
        assert own.count() == len(self.pages)
        assert not Batch.objects.filter(portal=self.row).exists()
        stored = Counter(trace.pages[0]["URL"] for trace in self.portal.traces if trace.id)
        assert set(stored) == set(self.pages)
        doubled = {self.pages[page] for page, times in stored.items() if times > 1}
        told = set(
            Attempt.objects.filter(submission__in=own, outcome="unknown").values_list("submission_id", flat=True)
        )
        assert doubled <= told
        if not self.sandbox.faults.struck.get("partial_batch"):
            assert doubled == set()
        own.delete()
        Portal.objects.filter(pk=self.row.pk).delete()


@pytest.mark.django_db(transaction=True)
def test_whatever_happens_each_submission_ends_once(wired, redis, monkeypatch):
    facts = {"sandbox": wired, "redis": redis, "monkeypatch": monkeypatch, "numbers": iter(range(1, 10**6))}
    for name, value in facts.items():
        monkeypatch.setattr(Machine, name, value, raising=False)
    checks = [HealthCheck.too_slow, HealthCheck.data_too_large]
    run_state_machine_as_test(
        Machine, settings=settings(max_examples=12, stateful_step_count=20, deadline=None, suppress_health_check=checks)
    )
