"""Index the timers that were pushed back, so that they can be counted as late."""

from typing import ClassVar

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False  # an index that is made concurrently stands outside a transaction
    dependencies: ClassVar = [("incidents", "0006_keep_lateness")]
    operations: ClassVar = [
        AddIndexConcurrently(
            "timer",
            models.Index(
                fields=["original_due_at"],
                condition=models.Q(original_due_at__isnull=False),
                name="timer_pushed_back",
            ),
        ),
    ]
