from django.db import migrations, models
from django.db.models import Count

NAME_ROOM = 110


def number_doubles(apps, schema_editor):
    """Of a portal's forms with one name the first keeps it; the others get a number: `Name (2)`."""
    forms = apps.get_model("traces", "Form").objects
    doubles = forms.values("portal", "name").annotate(forms=Count("pk")).filter(forms__gt=1)
    for double in list(doubles.values_list("portal", "name")):
        portal, name = double
        taken = set(forms.filter(portal=portal).values_list("name", flat=True))
        number = 2
        for form in forms.filter(portal=portal, name=name).order_by("pk")[1:]:
            while f"{name[:NAME_ROOM]} ({number})" in taken:
                number += 1
            form.name = f"{name[:NAME_ROOM]} ({number})"
            taken.add(form.name)
            forms.filter(pk=form.pk).update(name=form.name)


class Migration(migrations.Migration):

    dependencies = [
        ('traces', '0029_choices'),
    ]

    operations = [
        migrations.RunPython(number_doubles, migrations.RunPython.noop),
        migrations.AddConstraint(
            model_name='form',
            constraint=models.UniqueConstraint(fields=('portal', 'name'), name='one_form_a_name', violation_error_message='Another form already has this name. Choose another one.'),
        ),
    ]
