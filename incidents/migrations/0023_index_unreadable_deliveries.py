"""Index the deliveries that could not be read: a source's page shows its last ones."""

from typing import ClassVar

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False  # an index that is made concurrently stands outside a transaction
    dependencies: ClassVar = [("incidents", "0022_tell_what_was_refused")]
    operations: ClassVar = [
        AddIndexConcurrently(
            "delivery",
            models.Index(
                fields=["source", "-id"],
                condition=models.Q(state="unreadable"),
                name="delivery_unreadable",
            ),
        ),
    ]
