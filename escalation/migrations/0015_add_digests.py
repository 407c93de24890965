"""Let pages of a storm wait for a digest, and say of each message how severe it is."""

from typing import ClassVar

import django.db.models.deletion
from django.db import migrations, models

_STATUSES = [
    ("queued", "Queued"),
    ("sending", "Being sent"),
    ("sent", "Delivered to the provider"),
    ("failed", "Failed"),
    ("unknown", "Outcome unknown"),
    ("cancelled", "Cancelled"),
    ("merged", "Delivered in a digest"),
]


class Migration(migrations.Migration):
    dependencies: ClassVar = [("escalation", "0014_add_notification_rules")]
    operations: ClassVar = [
        migrations.AlterField(
            model_name="notification",
            name="status",
            field=models.CharField(
                choices=_STATUSES, default="queued", max_length=10
            ),
        ),
        migrations.AddField(
            model_name="notification",
            name="severity",
            field=models.SmallIntegerField(
                null=True,
                help_text="its incident's when it was made; a digest's highest",
            ),
        ),
        migrations.AddField(
            model_name="notification",
            name="digest",
            field=models.ForeignKey(
                db_index=False,
                help_text="the digest that it waits for or went with",
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="gathered",
                to="escalation.notification",
            ),
        ),
        migrations.AddConstraint(
            model_name="notification",
            constraint=models.UniqueConstraint(
                condition=models.Q(purpose="digest", status="queued", attempts=0),
                fields=("method",),
                name="notification_open_digest",
            ),
        ),
    ]
