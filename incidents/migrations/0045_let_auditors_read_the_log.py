"""Let the platform name auditors of the record, who read every entry of its log."""

from typing import ClassVar

from django.db import migrations, models

ROLES = [
    ("staff", "Staff"),
    ("responder", "Responder"),
    ("approver", "Approver"),
    ("admin", "Administrator"),
    ("officer", "Officer"),
    ("supervisor", "Supervisor"),
    ("operator", "Platform operator"),
    ("auditor", "Auditor of the record"),
]


class Migration(migrations.Migration):
    dependencies: ClassVar = [("incidents", "0044_remember_the_keys_of_the_log")]
    operations: ClassVar = [
        migrations.AlterField(
            model_name="membership",
            name="role",
            field=models.CharField(choices=ROLES, max_length=12),
        ),
    ]
