"""Whose turn it is to be responsible, where a form's choice names several people (`traces.compose.choices`).

A person is given once for a submission, right before its first record goes out, and kept with its progress: whatever is
tried again has the same one. The form's row is locked meanwhile, so that workers give their turns one after the other;
a worker whose claim ran out writes nothing, since its rows are another's by then.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence

from b24app.host.transactions import writing
from traces.compose import choices
from traces.compose.records import BY_NAME
from traces.delivery.items import Item
from traces.models import Batch, Form, Submission
from traces.setup.rulebook import RESPONSIBLE


def give(batch: Batch, items: Sequence[Item]) -> set[uuid.UUID]:
    """Give the rows whose records go out now the people whose turn it is. Returns the ids of these rows."""
    wanting = [item for item in items if _wants(item)]
    if not wanting:
        return set()
    with writing():
        forms = Form.objects.filter(pk__in={item.row.form_id for item in wanting})
        for form in forms.select_for_update(no_key=True).only("rota").order_by("pk"):
            rota = dict(form.rota)
            for item in wanting:
                if item.row.form_id == form.pk:
                    _give(batch, item, rota)
            Form.objects.filter(pk=form.pk).update(rota=rota)
    return {item.row.pk for item in wanting}


def _wants(item: Item) -> bool:
    chosen = item.prepared.chosen
    if chosen is None or len(chosen.choice.people) < 2 or not any(name in BY_NAME for name in item.commands):
        return False
    return item.row.progress.get(RESPONSIBLE) not in chosen.choice.people


def _give(batch: Batch, item: Item, rota: dict[str, int]) -> None:
    chosen = item.prepared.chosen
    assert chosen is not None
    person = choices.responsible(chosen.choice, rota)
    item.row.progress = {**item.row.progress, RESPONSIBLE: person}
    mine = Submission.objects.filter(pk=item.row.pk, batch=batch)
    if mine.update(progress=item.row.progress):
        rota[chosen.choice.rota] = rota.get(chosen.choice.rota, 0) + 1
