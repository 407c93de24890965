"""Index the outbox by lane, so that a claim can pass over slow destinations."""

from typing import ClassVar

from django.contrib.postgres.operations import (
    AddIndexConcurrently,
    RemoveIndexConcurrently,
)
from django.db import migrations, models

_PENDING = models.Q(status__in=["queued", "sending", "unknown"])


class Migration(migrations.Migration):
    atomic = False
    dependencies: ClassVar = [("escalation", "0004_add_destinations")]
    operations: ClassVar = [
        AddIndexConcurrently(
            model_name="notification",
            index=models.Index(
                condition=_PENDING,
                fields=["organisation", "destination", "next_attempt_at", "id"],
                name="notification_lane",
            ),
        ),
        AddIndexConcurrently(
            model_name="notification",
            index=models.Index(
                condition=models.Q(status="sending"),
                fields=["organisation", "destination"],
                name="notification_under_way",
            ),
        ),
        RemoveIndexConcurrently(model_name="notification", name="notification_due"),
    ]
