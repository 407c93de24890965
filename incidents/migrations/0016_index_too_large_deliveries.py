"""Index the deliveries that were too large, which nothing counts but the chart."""

from typing import ClassVar

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False  # an index that is made concurrently stands outside a transaction
    dependencies: ClassVar = [("incidents", "0015_watch_deliveries")]
    operations: ClassVar = [
        AddIndexConcurrently(
            "delivery",
            models.Index(
                fields=["source", "received_at"],
                condition=models.Q(state="too_large"),
                name="delivery_too_large",
            ),
        ),
    ]
