"""Index the deliveries by a former key, so that its last use can be shown."""

from typing import ClassVar

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False  # an index that is made concurrently stands outside a transaction
    dependencies: ClassVar = [("incidents", "0010_check_senders_of_sources")]
    operations: ClassVar = [
        AddIndexConcurrently(
            "delivery",
            models.Index(
                fields=["source", "-id"],
                condition=models.Q(by_old_key=True),
                name="delivery_by_old_key",
            ),
        ),
    ]
