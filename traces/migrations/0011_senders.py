"""A submission knows its sender, that sender's form, and the state of a probe; a form joins repeats."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('traces', '0010_names'),
    ]

    operations = [
        migrations.AddField(
            model_name='form',
            name='join_repeats_minutes',
            field=models.PositiveSmallIntegerField(default=10),
        ),
        migrations.AddField(
            model_name='submission',
            name='sender',
            field=models.CharField(blank=True, max_length=30),
        ),
        migrations.AddField(
            model_name='submission',
            name='sender_form_id',
            field=models.CharField(blank=True, max_length=100),
        ),
        migrations.AddField(
            model_name='submission',
            name='sender_form_name',
            field=models.CharField(blank=True, max_length=200),
        ),
        migrations.AlterField(
            model_name='submission',
            name='state',
            field=models.CharField(choices=[('queued', 'queued'), ('sending', 'sending'), ('delivered', 'delivered'), ('failed', 'failed'), ('test', 'test')], default='queued', max_length=10),
        ),
    ]
