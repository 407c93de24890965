"""Index what a digest takes along, and what went to an address of late."""

from typing import ClassVar

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False
    dependencies: ClassVar = [("escalation", "0015_add_digests")]
    operations: ClassVar = [
        AddIndexConcurrently(
            model_name="notification",
            index=models.Index(
                condition=models.Q(digest__isnull=False),
                fields=["digest"],
                name="notification_digest",
            ),
        ),
        AddIndexConcurrently(
            model_name="notification",
            index=models.Index(
                condition=models.Q(status="sent"),
                fields=["method", "sent_at"],
                name="notification_sent_to",
            ),
        ),
    ]
