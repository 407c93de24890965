from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('incidents', '0018_watch_for_heartbeats'),
    ]

    operations = [
        migrations.AddField(
            model_name='alert',
            name='change_times',
            field=models.JSONField(default=list, help_text='its last changes, where the source counts them'),
        ),
        migrations.AddField(
            model_name='incident',
            name='flapping_since',
            field=models.DateTimeField(help_text='while its alerts come and go too often', null=True),
        ),
        migrations.AddField(
            model_name='source',
            name='flap_changes',
            field=models.IntegerField(default=0, help_text='so many changes of an alert make it flap; 0: never'),
        ),
        migrations.AddField(
            model_name='source',
            name='flap_minutes',
            field=models.IntegerField(default=30, help_text='within so many minutes; it ends after as many of quiet'),
        ),
    ]
