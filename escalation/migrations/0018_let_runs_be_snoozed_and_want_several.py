"""Let runs be snoozed, be handed on, and want several acknowledgements."""

from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('escalation', '0017_let_runs_continue_others'),
        ('incidents', '0007_index_timers_pushed_back'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name='run',
            name='run_active_once',
        ),
        migrations.AddField(
            model_name='run',
            name='needs_several',
            field=models.BooleanField(default=False, help_text='one acknowledgement alone does not pause it; its policy says whose do'),
        ),
        migrations.AddField(
            model_name='run',
            name='snoozed_until',
            field=models.DateTimeField(null=True),
        ),
        migrations.AlterField(
            model_name='run',
            name='state',
            field=models.CharField(choices=[('active', 'Running'), ('acknowledged', 'Paused by an acknowledgement'), ('snoozed', 'Snoozed'), ('exhausted', 'All steps taken'), ('jumped', 'Handed on to another policy'), ('stopped', 'Stopped')], default='active', max_length=12),
        ),
        migrations.AddConstraint(
            model_name='run',
            constraint=models.UniqueConstraint(condition=models.Q(('state__in', ['active', 'acknowledged', 'snoozed'])), fields=('incident', 'organisation'), name='run_active_once'),
        ),
    ]
