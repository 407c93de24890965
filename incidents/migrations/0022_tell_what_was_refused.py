"""Keep what a refused request named, so that people can see what to allow."""

from typing import ClassVar

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies: ClassVar = [("incidents", "0021_count_held_heartbeats")]
    operations: ClassVar = [
        migrations.AddField(
            "refusal",
            "last_told",
            models.CharField(
                max_length=300,
                blank=True,
                default="",
                db_default="",
                help_text="what the last request named, unproved: a topic",
            ),
        ),
    ]
