import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('incidents', '0029_remember_what_was_processed'),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name='suppression',
            name='suppression_of_one',
        ),
        migrations.AddField(
            model_name='suppression',
            name='source',
            field=models.ForeignKey(help_text='that went quiet', null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='incidents.source'),
        ),
        migrations.AddConstraint(
            model_name='suppression',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('alert__isnull', False), ('heartbeat__isnull', True), ('source__isnull', True)), models.Q(('alert__isnull', True), ('heartbeat__isnull', False), ('source__isnull', True)), models.Q(('alert__isnull', True), ('heartbeat__isnull', True), ('source__isnull', False)), _connector='OR'), name='suppression_of_one'),
        ),
    ]
