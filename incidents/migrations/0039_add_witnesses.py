"""Add who witnesses our log, and the logs that we witness."""

import uuid
from typing import ClassVar

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies: ClassVar = [
        ('incidents', '0038_keep_what_a_promise_made'),
    ]

    operations: ClassVar = [
        migrations.CreateModel(
            name='WatchedLog',
            fields=[
                ('id', models.BigAutoField(primary_key=True, serialize=False)),
                ('uid', models.UUIDField(default=uuid.uuid4, unique=True)),
                ('origin', models.CharField(max_length=200, unique=True)),
                ('vkeys', models.TextField(help_text='a line for each key: two while one is replaced')),
                ('is_active', models.BooleanField(default=True)),
                ('added_at', models.DateTimeField()),
                ('size', models.BigIntegerField(default=0)),
                ('root', models.BinaryField()),
                ('note', models.TextField(blank=True, help_text='that head, with our cosignature')),
                ('cosigned_at', models.DateTimeField(null=True)),
                ('refused_at', models.DateTimeField(null=True)),
                ('refused_note', models.TextField(blank=True, help_text='a head that the log signed and that contradicts another')),
            ],
            options={
                'db_table': 'tocsin_watched_log',
                'ordering': ['origin'],
            },
        ),
        migrations.CreateModel(
            name='Witness',
            fields=[
                ('id', models.BigAutoField(primary_key=True, serialize=False)),
                ('uid', models.UUIDField(default=uuid.uuid4, unique=True)),
                ('slug', models.SlugField(help_text='its name in the policy', max_length=60, unique=True)),
                ('vkey', models.CharField(max_length=300, unique=True)),
                ('address', models.URLField(blank=True, max_length=500)),
                ('is_active', models.BooleanField(default=True)),
                ('added_at', models.DateTimeField()),
                ('size', models.BigIntegerField(default=0, help_text='what it last cosigned')),
                ('cosigned_at', models.DateTimeField(help_text='when its last cosignature came in, by our clock', null=True)),
                ('said_at', models.DateTimeField(help_text="the time in that cosignature, by the witness's clock", null=True)),
                ('next_at', models.DateTimeField(help_text='not asked before, after failures', null=True)),
                ('failures', models.PositiveIntegerField(default=0)),
                ('failed_why', models.CharField(blank=True, max_length=300)),
                ('organisation', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='incidents.organisation')),
            ],
            options={
                'db_table': 'tocsin_witness',
                'ordering': ['slug'],
            },
        ),
    ]
