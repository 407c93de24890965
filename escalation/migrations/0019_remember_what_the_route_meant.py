"""Remember for each run which policy its route meant, whatever led elsewhere since."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('escalation', '0018_let_runs_be_snoozed_and_want_several'),
    ]

    operations = [
        migrations.AddField(
            model_name='run',
            name='routed_policy',
            field=models.ForeignKey(help_text='what the route meant; a jump or a person may have led elsewhere', null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='escalation.policy'),
        ),
    ]
