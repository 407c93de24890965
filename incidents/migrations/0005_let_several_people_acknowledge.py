"""Let an organisation have one acknowledgement of each person, not one in all."""


import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('incidents', '0004_acknowledge_by_reply'),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name='acknowledgement',
            name='acknowledgement_active_once',
        ),
        migrations.AddField(
            model_name='acknowledgement',
            name='link_user',
            field=models.ForeignKey(help_text='to whom the link was sent that was used without signing in', null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddConstraint(
            model_name='acknowledgement',
            constraint=models.UniqueConstraint(condition=models.Q(('ended_at', None)), fields=('incident', 'organisation', 'user', 'link_user'), name='acknowledgement_active_once', nulls_distinct=False),
        ),
    ]
