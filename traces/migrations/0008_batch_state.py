"""A batch says its state, and what it calls a lease and a receipt slot; a submission says that it travels isolated."""

from django.db import migrations, models


def fill_in_state(apps, schema_editor):
    """Until now a batch without `sent_at` was a claim, and one with a code was lost."""
    batches = apps.get_model("traces", "Batch").objects.using(schema_editor.connection.alias)
    batches.filter(sent_at__isnull=False).update(state="sent")
    batches.exclude(code="").update(state="lost")


class Migration(migrations.Migration):

    dependencies = [("traces", "0007_embedded_application")]

    operations = [
        migrations.RemoveIndex("batch", "batch_look"),
        migrations.RenameField("batch", "store", "receipt_slot"),
        migrations.RenameField("batch", "holder", "lease_id"),
        migrations.RenameField("batch", "look_at", "lease_until"),
        migrations.RenameField("submission", "alone", "isolated"),
        migrations.AddField(
            "batch",
            "state",
            models.CharField(
                choices=[("claimed", "claimed"), ("sent", "sent"), ("lost", "lost")], default="claimed", max_length=7
            ),
        ),
        migrations.AddIndex("batch", models.Index(fields=["portal", "lease_until"], name="batch_lease")),
        migrations.RunPython(fill_in_state, migrations.RunPython.noop),
    ]
