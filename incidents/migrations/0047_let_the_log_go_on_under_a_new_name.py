"""Let the log go on under a new name and key, and keep under which it was signed."""

from typing import ClassVar

import django.db.models.deletion
from django.db import migrations, models

GUARD = """
CREATE TRIGGER ended_log_no_change BEFORE UPDATE OR DELETE ON tocsin_ended_log
    FOR EACH ROW EXECUTE FUNCTION tocsin_refuse_change();
CREATE TRIGGER ended_log_no_truncate BEFORE TRUNCATE ON tocsin_ended_log
    FOR EACH STATEMENT EXECUTE FUNCTION tocsin_refuse_change();
ALTER TABLE tocsin_ended_log ENABLE ALWAYS TRIGGER ended_log_no_change;
ALTER TABLE tocsin_ended_log ENABLE ALWAYS TRIGGER ended_log_no_truncate;
"""
UNGUARD = """
DROP TRIGGER ended_log_no_change ON tocsin_ended_log;
DROP TRIGGER ended_log_no_truncate ON tocsin_ended_log;
"""


class Migration(migrations.Migration):
    dependencies: ClassVar = [("incidents", "0046_add_witness_quorums")]

    operations: ClassVar = [
        migrations.CreateModel(
            name="EndedLog",
            fields=[
                ("number", models.SmallIntegerField(help_text="from 1", primary_key=True, serialize=False)),
                ("origin", models.CharField(max_length=200, unique=True)),
                ("vkeys", models.TextField(help_text="the keys that signed it last, a line each")),
                ("size", models.BigIntegerField(help_text="that of its last head that is vouched for")),
                ("note", models.TextField(help_text="that head, with the lines below it")),
                ("is_cosigned", models.BooleanField(help_text="whether a quorum had seen that head")),
                ("sealed_size", models.BigIntegerField(help_text="how far it was sealed")),
                ("ended_at", models.DateTimeField()),
                ("ended_by", models.CharField(max_length=200)),
                ("reason", models.CharField(max_length=500)),
                ("successor", models.CharField(max_length=200, unique=True)),
                ("entry", models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, related_name="+", to="incidents.entry")),
            ],
            options={"db_table": "tocsin_ended_log", "ordering": ["number"]},
        ),
        migrations.RunSQL(GUARD, UNGUARD),
    ]
