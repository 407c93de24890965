"""Add what the audits of the record came to."""

from typing import ClassVar

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies: ClassVar = [("incidents", "0040_add_evidence_bundles")]

    operations: ClassVar = [
        migrations.CreateModel(
            name='Audit',
            fields=[
                ('id', models.BigAutoField(primary_key=True, serialize=False)),
                ('begun_at', models.DateTimeField()),
                ('ended_at', models.DateTimeField()),
                ('size', models.BigIntegerField(help_text='how many entries were computed anew')),
                ('root', models.BinaryField(help_text='what their tree came to; empty if to nothing')),
                ('against', models.CharField(help_text='whose head it was held against', max_length=10)),
                ('findings', models.JSONField(default=list, help_text='a list of {entry (may be missing), why}')),
            ],
            options={
                'db_table': 'tocsin_audit',
                'ordering': ['-id'],
            },
        ),
    ]
