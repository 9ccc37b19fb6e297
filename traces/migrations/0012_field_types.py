"""A form keeps what the portal says of its mapped fields, and the country of its visitors."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('traces', '0011_senders'),
    ]

    operations = [
        migrations.AddField(
            model_name='form',
            name='field_types',
            field=models.JSONField(blank=True, default=dict),
        ),
        migrations.AddField(
            model_name='form',
            name='country',
            field=models.CharField(blank=True, default='', max_length=2),
        ),
    ]
