from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('traces', '0009_reasons'),
    ]

    operations = [
        migrations.RenameField(model_name='form', old_name='most_per_minute', new_name='max_per_minute'),
        # Renaming a field does not rename it in a constraint's condition.
        migrations.RemoveConstraint(model_name='sourcerule', name='one_default_rule_a_portal'),
        migrations.RenameField(model_name='sourcerule', old_name='match', new_name='field'),
        migrations.RenameField(model_name='sourcerule', old_name='how', new_name='operator'),
        migrations.AddConstraint(
            model_name='sourcerule',
            constraint=models.UniqueConstraint(condition=models.Q(('field', 'any')), fields=('portal',), name='one_default_rule_a_portal'),
        ),
    ]
