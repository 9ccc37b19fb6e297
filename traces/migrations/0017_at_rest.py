"""What visitors typed stands encrypted from now on.

What is stored already is read as it is, and encrypted by `manage.py rotate_keys`; the sweep makes the terms by which
submissions are found. Here, sources move to a table of their own, and keys and hashes of bodies become fingerprints.
"""

import django.db.models.deletion
from django.db import migrations, models

import b24app.host.encryption
from b24app.host import encryption

CHUNK = 1000
BODY = "body:"  # the key of a body that came twice: "body:HASH:MINUTES"


def fingerprint_of_key(key):
    if key.startswith(BODY) and len(parts := key.split(":")) == 3:
        return f"{BODY}{encryption.fingerprint(parts[1])}:{parts[2]}"
    return encryption.fingerprint(key)


def hash_keys(apps, schema_editor):
    """A repetition of what was sent before is still known as one."""
    Submission = apps.get_model("traces", "Submission")
    rows = Submission.objects.order_by("pk").values_list("pk", "idempotency_key", "body_hash")
    connection, key = schema_editor.connection, Submission._meta.pk
    statement = 'UPDATE traces_submission SET "idempotency_key" = %s, "body_hash" = %s WHERE "id" = %s'
    chunk = list(rows[:CHUNK])
    while chunk:
        with connection.cursor() as cursor:
            cursor.executemany(
                statement,
                [
                    (
                        fingerprint_of_key(text) if text else None,
                        encryption.fingerprint(body_hash) if body_hash else "",
                        key.get_db_prep_save(pk, connection),
                    )
                    for pk, text, body_hash in chunk
                ],
            )
        chunk = list(rows.filter(pk__gt=chunk[-1][0])[:CHUNK])


def move_sources(apps, schema_editor):
    """Sources are found by their text here, which an index of this moment holds: there may be many."""
    Submission, Source = apps.get_model("traces", "Submission"), apps.get_model("traces", "Source")
    pairs = Submission.objects.exclude(former_source="").order_by().values_list("portal_id", "former_source").distinct()
    # As they are, so that the statement below can compare them.
    with schema_editor.connection.cursor() as cursor:
        cursor.executemany(
            "INSERT INTO traces_source (portal_id, digest, text) VALUES (%s, %s, %s)",
            [(portal_id, encryption.digest(portal_id, text), text) for portal_id, text in list(pairs)],
        )
        cursor.execute("CREATE INDEX traces_source_former ON traces_source (portal_id, text)")
        cursor.execute(
            "UPDATE traces_submission SET source_id = (SELECT id FROM traces_source WHERE traces_source.portal_id = "
            "traces_submission.portal_id AND traces_source.text = traces_submission.former_source) "
            "WHERE former_source <> ''"
        )
        cursor.execute("DROP INDEX traces_source_former")
    for source in Source.objects.iterator(CHUNK):
        source.save(update_fields=["text"])  # encrypted


def digest_unmatched(apps, schema_editor):
    """A value that no rule took is known by its digest."""
    for row in apps.get_model("traces", "Unmatched").objects.exclude(value="").iterator(CHUNK):
        row.digest = encryption.digest(row.portal_id, row.value)
        row.save(update_fields=["digest", "value"])


class Migration(migrations.Migration):
    dependencies = [
        ("b24app", "0007_epochs"),
        ("traces", "0016_fill_time"),
    ]

    operations = [
        migrations.CreateModel(
            name="Source",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("digest", models.BigIntegerField()),
                ("text", b24app.host.encryption.EncryptedTextField()),
                (
                    "portal",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="sources", to="b24app.portal"
                    ),
                ),
            ],
            options={
                "constraints": [models.UniqueConstraint(fields=("portal", "digest"), name="one_source_a_text")],
            },
        ),
        migrations.RemoveConstraint(model_name="unmatched", name="one_count_a_value_and_week"),
        migrations.RemoveIndex(model_name="submission", name="submission_search"),
        migrations.RenameField(model_name="submission", old_name="source", new_name="former_source"),
        migrations.AddField(
            model_name="submission",
            name="source",
            field=models.ForeignKey(
                blank=True,
                db_constraint=False,
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.DO_NOTHING,
                to="traces.source",
            ),
        ),
        migrations.AddField(model_name="unmatched", name="digest", field=models.BigIntegerField(default=0)),
        migrations.AlterField(
            model_name="unmatched",
            name="value",
            field=b24app.host.encryption.EncryptedTextField(blank=True),
        ),
        migrations.RunPython(move_sources, migrations.RunPython.noop),
        migrations.RunPython(hash_keys, migrations.RunPython.noop),
        migrations.RunPython(digest_unmatched, migrations.RunPython.noop),
    ]
