"""Spam becomes a state of its own: it was `failed` with the code `spam`."""

from django.db import migrations, models

# Rows that one statement changes, so that none holds up live traffic.
CHUNK = 500


def move(apps, former, state):
    rows = apps.get_model("traces", "Submission").objects
    old = rows.filter(state=former, code="spam").order_by("pk").values_list("pk", flat=True)
    ids = list(old[:CHUNK])
    while ids:
        rows.filter(pk__in=ids, state=former).update(state=state)
        ids = list(old.filter(pk__gt=ids[-1])[:CHUNK])


def to_spam(apps, schema_editor):
    move(apps, "failed", "spam")


def to_failed(apps, schema_editor):
    move(apps, "spam", "failed")


class Migration(migrations.Migration):

    # Each chunk commits by itself.
    atomic = False

    dependencies = [
        ('traces', '0023_words'),
    ]

    operations = [
        migrations.AlterField(
            model_name='submission',
            name='state',
            field=models.CharField(choices=[('queued', 'queued'), ('sending', 'sending'), ('delivered', 'delivered'), ('failed', 'failed'), ('spam', 'spam'), ('test', 'test')], default='queued', max_length=10),
        ),
        migrations.RunPython(to_spam, to_failed),
    ]
