from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('b24app', '0002_pacing'),
    ]

    operations = [
        migrations.RenameField(model_name='portal', old_name='plan', new_name='tariff'),
        migrations.AlterField(
            model_name='portal',
            name='tariff',
            field=models.CharField(choices=[('standard', 'standard'), ('enterprise', 'enterprise'), ('unlimited', 'unlimited')], default='standard', max_length=12, verbose_name='plan'),
        ),
        migrations.RenameField(model_name='portal', old_name='stores', new_name='receipt_option_sets'),
    ]
