"""A form says what becomes of visitors whom the CRM knows, and who is responsible for its records."""

from django.db import migrations, models

# Where the former tick was looked at, or is from now on.
KINDS = ("lead", "deal", "contact", "company")


def from_tick(apps, schema_editor):
    apps.get_model("traces", "Form").objects.filter(find_existing=True, creates__in=KINDS).update(repeats="find")


def to_tick(apps, schema_editor):
    apps.get_model("traces", "Form").objects.exclude(repeats="new").update(find_existing=True)


class Migration(migrations.Migration):

    dependencies = [
        ('traces', '0014_life'),
    ]

    operations = [
        migrations.AddField(
            model_name='form',
            name='repeats',
            field=models.CharField(choices=[('new', 'Always make new records'), ('find', 'Use the contact and the company that are there'), ('join', 'Add to the lead or deal that is still open')], default='new', max_length=4),
        ),
        migrations.AddField(
            model_name='form',
            name='assigned_by_id',
            field=models.PositiveIntegerField(blank=True, null=True),
        ),
        migrations.RunPython(from_tick, to_tick),
        migrations.RemoveField(model_name='form', name='find_existing'),
    ]
