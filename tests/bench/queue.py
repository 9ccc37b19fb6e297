"""`python -m tests.bench.queue PLAN COUNT MEMBER_ID...`: a backlog of so many submissions for each of these portals.

Run with the settings of a stack. Nothing of it is due while it is being stored; then all of it is at once, the workers
are woken, and the moment is printed (unix seconds).
"""

from __future__ import annotations

import os
import sys
import time

from tests.bench.cases import trace


def main(plan: str, count: str, *member_ids: str) -> None:
    import django

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "b24app.settings")
    django.setup()
    from django.db.models import F

    from b24app.models import Portal
    from traces.delivery import wake
    from traces.models import Form, Submission

    found = list(Portal.objects.filter(member_id__in=member_ids))
    assert len(found) == len(member_ids)
    for portal in found:
        Portal.objects.filter(pk=portal.pk).update(tariff=plan)
        form = Form.objects.create(portal=portal, name="Bench", secret_hash="0" * 64)
        facts = {"portal": portal, "form": form, "body_hash": "0" * 64, "due_at": None}
        bodies = ({"TRACE": trace(number)} for number in range(int(count)))
        Submission.objects.bulk_create((Submission(body=body, **facts) for body in bodies), batch_size=500)
    began = time.time()
    for portal in found:
        Submission.objects.filter(portal=portal).update(due_at=F("received_at"))
        wake.wake(portal.pk)
    print(began)


if __name__ == "__main__":
    main(*sys.argv[1:])
