"""Source rules may look at the name and the id that a sender gives its own form."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('traces', '0012_field_types'),
    ]

    operations = [
        migrations.AlterField(
            model_name='sourcerule',
            name='field',
            field=models.CharField(choices=[('form', 'form'), ('form_name', 'form_name'), ('form_id', 'form_id'), ('source', 'source'), ('source_id', 'source_id'), ('utm_source', 'utm_source'), ('utm_medium', 'utm_medium'), ('utm_campaign', 'utm_campaign'), ('referrer', 'referrer'), ('page_host', 'page_host'), ('page_path', 'page_path'), ('click_id', 'click_id'), ('any', 'any')], max_length=12),
        ),
    ]
