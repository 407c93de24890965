"""Keep how each person wants to be paged."""

from typing import ClassVar

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies: ClassVar = [
        ("escalation", "0013_add_purses"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]
    operations: ClassVar = [
        migrations.CreateModel(
            name="NotificationRules",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                (
                    "normal",
                    models.JSONField(
                        default=list,
                        help_text="{method, after_minutes} in the order of their delays",
                    ),
                ),
                (
                    "urgent",
                    models.JSONField(
                        default=list, help_text="the same for urgent pages"
                    ),
                ),
                ("zone", models.CharField(default="UTC", max_length=64)),
                (
                    "quiet",
                    models.JSONField(
                        help_text="{from, to, days} in which normal pages wait",
                        null=True,
                    ),
                ),
                (
                    "digest_after",
                    models.SmallIntegerField(
                        default=5, help_text="further pages are gathered; 0: never"
                    ),
                ),
                (
                    "digest_minutes",
                    models.SmallIntegerField(
                        default=10, help_text="the time in which they are counted"
                    ),
                ),
                (
                    "organisation",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="incidents.organisation",
                    ),
                ),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="notification_rules",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "db_table": "tocsin_notification_rules",
                "constraints": [
                    models.UniqueConstraint(
                        fields=("organisation", "user"),
                        name="notification_rules_person",
                    )
                ],
            },
        ),
    ]
