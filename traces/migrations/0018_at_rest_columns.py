"""Columns that are encrypted are texts; in a transaction of its own, since PostgreSQL alters no table with changed rows."""

from django.db import migrations, models

import b24app.host.encryption


class Migration(migrations.Migration):
    dependencies = [("traces", "0017_at_rest")]

    operations = [
        migrations.RemoveField(model_name="submission", name="former_source"),
        migrations.RemoveField(model_name="submission", name="search"),
        migrations.AddField(model_name="submission", name="terms", field=models.TextField(blank=True, null=True)),
        migrations.AlterField(
            model_name="submission", name="body", field=b24app.host.encryption.EncryptedJSONField()
        ),
        migrations.AlterField(
            model_name="submission",
            name="params",
            field=b24app.host.encryption.EncryptedJSONField(blank=True, default=dict),
        ),
        migrations.AlterField(
            model_name="attempt",
            name="params",
            field=b24app.host.encryption.EncryptedJSONField(blank=True, default=dict),
        ),
        migrations.AlterField(
            model_name="preferences",
            name="notify_email",
            field=b24app.host.encryption.EncryptedTextField(blank=True),
        ),
        migrations.AddConstraint(
            model_name="unmatched",
            constraint=models.UniqueConstraint(
                fields=("portal", "week", "field", "digest"), name="one_count_a_value_and_week"
            ),
        ),
        migrations.AddIndex(
            model_name="submission",
            index=models.Index(fields=["portal", "received_at", "source", "terms"], name="submission_search"),
        ),
        migrations.AddIndex(
            model_name="submission",
            index=models.Index(
                condition=models.Q(("terms__isnull", True)), fields=["portal"], name="submission_no_terms"
            ),
        ),
    ]
