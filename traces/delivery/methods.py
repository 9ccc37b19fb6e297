"""Methods that a portal does not offer now (`Portal.held_methods`): what needs one waits, everything else continues.

A row that needs one is due again when the method is tried: by one command of one worker. If that succeeds, or the
portal has been fixed, all that wait are due at once.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from django.db.models import Exists, F, OuterRef, QuerySet
from django.utils import timezone

from b24app.api import errors
from b24app.api.remedies import REMEDIES
from b24app.host.transactions import writing
from b24app.models import Portal, PortalUser
from b24app.portal import hold
from traces.compose import steps
from traces.delivery.items import Wait
from traces.models import Submission
from traces.setup.rulebook import Rulebook

# The worker that tries a method knows what came of it by then.
PROBE_SECONDS = 120.0
NO_RIGHTS = "no_rights"


def held(portal: Portal, needed: Iterable[str], now: datetime) -> tuple[dict[str, Wait], set[str]]:
    """Returns those of the needed methods that may not be called now, and those that this worker tries once."""
    waits, probes = {}, set()
    for method in set(needed) & set(portal.held_methods):
        if _take_probe(portal, method, now):
            probes.add(method)
        else:
            facts = portal.held_methods[method]
            seconds = (datetime.fromisoformat(facts["probe_at"]) - now).total_seconds()
            waits[method] = Wait(max(seconds, 1.0), facts["code"])
    return waits, probes


def without_right(portal: Portal, rulebook: Rulebook, error: errors.PortalError, method: str) -> errors.PortalError:
    """The error of a call of `method` that nobody has the right for, as one of that method where forms need no such.

    The administrators' tokens are then good for the others. Anything else is returned as it is.
    """
    is_nobodys = isinstance(error, errors.Stop) and not error.method
    if isinstance(error, errors.OtherUser):
        is_nobodys = not portal.users.filter(state=PortalUser.State.ACTIVE).exists()
    if error.code != NO_RIGHTS or not is_nobodys or not method:
        return error
    missing = {method, *portal.held_methods}
    forms = rulebook.forms.values()
    if all(missing & steps.methods(kind, form.repeats) for form in forms for kind in form.kinds):
        return error
    portal.users.filter(state=PortalUser.State.BARRED, dead_code=NO_RIGHTS).update(
        state=PortalUser.State.ACTIVE, dead_code=""
    )
    return errors.Stop(NO_RIGHTS, error.description, status=error.status, method=method)


def release(portal: Portal, passed: Iterable[str]) -> None:
    """Note that these methods have passed: what waits for one of them is due."""
    methods = set(passed) & set(portal.held_methods)
    for method in methods:
        hold.release_method(portal, method)
    if methods:
        _waiting().filter(portal=portal).update(due_at=F("received_at"))


def wake_released() -> None:
    """What waits on a portal that holds no method any more is due."""
    released = Portal.objects.filter(Exists(_waiting().filter(portal=OuterRef("pk"))), held_methods={})
    for portal_id in released.values_list("pk", flat=True):
        _waiting().filter(portal=portal_id).update(due_at=F("received_at"))


def _waiting() -> QuerySet[Submission]:
    codes = list(REMEDIES)
    return Submission.objects.filter(state=Submission.State.QUEUED, due_at__gt=timezone.now(), code__in=codes)


def _take_probe(portal: Portal, method: str, now: datetime) -> bool:
    """Become the worker that tries the method now. False if another one is, or its time has not come."""
    seen = portal.held_methods[method]["probe_at"]
    if datetime.fromisoformat(seen) > now:
        return False
    with writing():
        row = Portal.objects.select_for_update(no_key=True).filter(pk=portal.pk).first()
        is_mine = row is not None and row.held_methods.get(method, {}).get("probe_at") == seen
        if row is not None and is_mine:
            row.held_methods[method]["probe_at"] = (now + timedelta(seconds=PROBE_SECONDS)).isoformat()
            Portal.objects.filter(pk=portal.pk).update(held_methods=row.held_methods)
    if row is not None:
        portal.held_methods = row.held_methods
    return is_mine
