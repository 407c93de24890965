import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('incidents', '0019_mark_what_flaps'),
    ]

    operations = [
        migrations.CreateModel(
            name='SilenceNotice',
            fields=[
                ('id', models.BigAutoField(primary_key=True, serialize=False)),
                ('ends_at', models.DateTimeField(help_text='the end that it told of')),
                ('stage', models.CharField(choices=[('soon', 'Before its end'), ('over', 'At its end')], max_length=4)),
                ('at', models.DateTimeField()),
                ('held_count', models.IntegerField(help_text='alerts and heartbeats held then')),
            ],
            options={
                'db_table': 'tocsin_silence_notice',
            },
        ),
        migrations.AddField(
            model_name='silence',
            name='announce_minutes',
            field=models.IntegerField(db_default=60, default=60, help_text='so long before its end its author is told; 0: at its end only'),
        ),
        migrations.AddField(
            model_name='silencenotice',
            name='organisation',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='incidents.organisation'),
        ),
        migrations.AddField(
            model_name='silencenotice',
            name='silence',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='notices', to='incidents.silence'),
        ),
        migrations.AddConstraint(
            model_name='silencenotice',
            constraint=models.UniqueConstraint(fields=('silence', 'ends_at', 'stage'), name='silence_notice_once'),
        ),
    ]
