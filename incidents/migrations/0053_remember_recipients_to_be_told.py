"""Remember whom to tell that what they were handed is erased."""

import uuid

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("incidents", "0052_add_retention_schedules")]

    operations = [
        migrations.CreateModel(
            name="RecipientNotice",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("uid", models.UUIDField(default=uuid.uuid4, unique=True)),
                ("bundle", models.UUIDField()),
                ("recipient", models.CharField(max_length=200)),
                ("exported_at", models.DateTimeField()),
                (
                    "erasure",
                    models.UUIDField(help_text="the request or the run that erased"),
                ),
                ("basis", models.CharField(max_length=300)),
                (
                    "value_count",
                    models.IntegerField(help_text="erased ones that the bundle holds"),
                ),
                ("noted_at", models.DateTimeField()),
                ("told_at", models.DateTimeField(null=True)),
                ("told_how", models.TextField(blank=True)),
                (
                    "incident",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="incidents.incident",
                    ),
                ),
                (
                    "organisation",
                    models.ForeignKey(
                        help_text="who handed the bundle out, and tells",
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="incidents.organisation",
                    ),
                ),
                (
                    "told_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "db_table": "tocsin_recipient_notice",
                "indexes": [
                    models.Index(
                        condition=models.Q(("told_at", None)),
                        fields=["organisation"],
                        name="recipient_notice_owed",
                    ),
                    models.Index(fields=["incident"], name="recipient_notice_incident"),
                ],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("bundle", "erasure"), name="recipient_notice_once"
                    )
                ],
            },
        ),
    ]
