"""Let each run know which of its pages can take it on."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('escalation', '0019_remember_what_the_route_meant'),
    ]

    operations = [
        migrations.AddField(
            model_name='run',
            name='waits_for',
            field=models.JSONField(default=list, help_text='step and round of the pages that it sent last, which can take it on: they fail, or whoever reads them cannot; step -1 is a reassignment'),
        ),
    ]
