import incidents.intake.silence_models
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('incidents', '0025_fill_names_of_windows'),
    ]

    operations = [
        migrations.AlterField(
            model_name='maintenance',
            name='slug',
            field=models.SlugField(default=incidents.intake.silence_models.new_window_slug, max_length=60),
        ),
        migrations.AddConstraint(
            model_name='maintenance',
            constraint=models.UniqueConstraint(fields=('organisation', 'slug'), name='maintenance_organisation_slug'),
        ),
    ]
