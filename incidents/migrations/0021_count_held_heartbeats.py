import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('incidents', '0020_announce_ends_of_silences'),
    ]

    operations = [
        migrations.AddField(
            model_name='suppression',
            name='heartbeat',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='suppressions', to='incidents.heartbeat'),
        ),
        migrations.AlterField(
            model_name='suppression',
            name='alert',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='suppressions', to='incidents.alert'),
        ),
        migrations.AddConstraint(
            model_name='suppression',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('alert__isnull', False), ('heartbeat__isnull', True)), models.Q(('alert__isnull', True), ('heartbeat__isnull', False)), _connector='OR'), name='suppression_of_one'),
        ),
    ]
