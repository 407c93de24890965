"""Index what each organisation held back last: the page of silences shows it."""

from typing import ClassVar

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False  # an index that is made concurrently stands outside a transaction
    dependencies: ClassVar = [("incidents", "0030_hold_back_word_of_quiet_sources")]
    operations: ClassVar = [
        AddIndexConcurrently(
            "suppression",
            models.Index(fields=["organisation", "-id"], name="suppression_last"),
        ),
    ]
