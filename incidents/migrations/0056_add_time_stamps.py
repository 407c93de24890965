"""Add authorities that stamp the log's heads with the time, and their stamps."""

import uuid
from typing import ClassVar

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies: ClassVar = [
        ('incidents', "0055_keep_whose_key_is_whose"),
    ]

    operations: ClassVar = [
        migrations.CreateModel(
            name='TimeStampAuthority',
            fields=[
                ('id', models.BigAutoField(primary_key=True, serialize=False)),
                ('uid', models.UUIDField(default=uuid.uuid4, unique=True)),
                ('slug', models.SlugField(max_length=60, unique=True)),
                ('address', models.URLField(max_length=500)),
                ('username', models.CharField(blank=True, max_length=200)),
                ('password_sealed', models.BinaryField(null=True)),
                ('certificates', models.TextField(help_text='in PEM: the roots by which we verify it')),
                ('policy', models.CharField(blank=True, help_text='empty: its usual one', max_length=200)),
                ('every_minutes', models.PositiveIntegerField(default=60)),
                ('is_active', models.BooleanField(default=True)),
                ('added_at', models.DateTimeField()),
                ('size', models.BigIntegerField(default=0, help_text='what it last stamped')),
                ('stamped_at', models.DateTimeField(help_text='when its last stamp came in, by our clock', null=True)),
                ('said_at', models.DateTimeField(help_text='the time in that stamp, by its own clock', null=True)),
                ('next_at', models.DateTimeField(help_text='not asked before')),
                ('failures', models.PositiveIntegerField(default=0)),
                ('failed_why', models.CharField(blank=True, max_length=300)),
            ],
            options={
                'db_table': 'tocsin_time_stamp_authority',
                'ordering': ['slug'],
            },
        ),
        migrations.CreateModel(
            name='TimeStamp',
            fields=[
                ('id', models.BigAutoField(primary_key=True, serialize=False)),
                ('size', models.BigIntegerField()),
                ('which', models.CharField(choices=[('first', 'the first'), ('last', 'the newest heartbeat')], max_length=5)),
                ('answer', models.BinaryField(help_text='as it came')),
                ('at', models.DateTimeField(help_text="by the authority's clock")),
                ('accuracy_ms', models.BigIntegerField()),
                ('got_at', models.DateTimeField(help_text='by our clock')),
                ('authority', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='stamps', to='incidents.timestampauthority')),
            ],
            options={
                'db_table': 'tocsin_time_stamp',
                'constraints': [models.UniqueConstraint(fields=('size', 'authority', 'which'), name='time_stamp_unique')],
            },
        ),
    ]
