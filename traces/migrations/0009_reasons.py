"""Reasons become codes with parameters: the sentences that stood in `reason` are taken apart.

The way back has nothing to do for the data: `reason` comes back empty, codes stay.
"""

import re

from django.db import migrations, models

CHUNK = 500

GAVE_UP = "It could not be delivered within three days."
# What the application has said itself, in every version; the code beside it says the same. All else is the portal's.
OURS = {
    "",
    "A fault of Trace Relay; its operator has been told.",
    "A worker stopped in the middle of a call, so its outcome is unknown.",
    "Another worker renews the token.",
    "It looks like spam: a field that no person sees was filled in. Nothing was sent to the portal.",
    "It was not done; the portal's reason was lost with its answer.",
    "No administrator's token is left.",
    "No answer came in time.",
    "No readable answer came, and the portal kept no receipt of it.",
    "The OAuth server's answer lacks a field.",
    "The administrator was removed.",
    "The connection broke before an answer came.",
    "The new address is not confirmed.",
    "The portal answered with a page instead of data.",
    "The portal answers from another address.",
    "The portal did not run it.",
    "The portal has another address now.",
    "The portal refuses it.",
    "The portal's answer is not a batch's.",
    "The portal's answer is not a trace's number.",
    "The portal's answer is not what its documentation says.",
    "The portal's token or address changed too often.",
    "The token could not be renewed.",
    "The webhook is not known to the portal.",
    "This OAuth server is not on the list of trusted ones.",
}
STATUS = re.compile(r"HTTP (\d{3}) without data\.")
# Codes that came with the name of an exception.
OF_EXCEPTION = {"unreachable", "connection_lost"}


def params_of(code, reason):
    """What a stored reason says beyond its code: the portal's words, an HTTP status, that it was given up."""
    params = {"gave_up": True} if reason.startswith(GAVE_UP) else {}
    words = reason.removeprefix(GAVE_UP).strip()
    if found := STATUS.fullmatch(words):
        return {**params, "status": int(found[1])}
    ours = words in OURS or (code in OF_EXCEPTION and words.isidentifier())
    return params if ours else {**params, "words": words}


def take_apart(apps, schema_editor):
    for name in ("Submission", "Attempt"):
        model = apps.get_model("traces", name)
        rows = model.objects.exclude(reason="").order_by("pk").only("pk", "code", "reason")
        chunk = list(rows[:CHUNK])
        while chunk:
            for row in chunk:
                row.params = params_of(row.code, row.reason)
            model.objects.bulk_update(chunk, ["params"])
            chunk = list(rows.filter(pk__gt=chunk[-1].pk)[:CHUNK])


class Migration(migrations.Migration):

    dependencies = [
        ('traces', '0008_batch_state'),
    ]

    operations = [
        migrations.AddField(
            model_name='attempt',
            name='params',
            field=models.JSONField(blank=True, default=dict),
        ),
        migrations.AddField(
            model_name='submission',
            name='params',
            field=models.JSONField(blank=True, default=dict),
        ),
        migrations.RunPython(take_apart, migrations.RunPython.noop),
        migrations.RemoveField(
            model_name='attempt',
            name='reason',
        ),
        migrations.RemoveField(
            model_name='submission',
            name='reason',
        ),
    ]
