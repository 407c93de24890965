"""Add the keys by which people sign what they acknowledged."""

import uuid

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("incidents", "0049_let_acknowledgements_be_signed"),
    ]

    operations = [
        migrations.CreateModel(
            name="PartyKey",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("uid", models.UUIDField(default=uuid.uuid4, unique=True)),
                ("label", models.CharField(max_length=100)),
                (
                    "public",
                    models.BinaryField(help_text="the 32 bytes of its public half"),
                ),
                (
                    "fingerprint",
                    models.CharField(
                        help_text="SHA-256 of the public half", max_length=64
                    ),
                ),
                ("added_at", models.DateTimeField()),
                ("retired_at", models.DateTimeField(null=True)),
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
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "db_table": "tocsin_party_key",
                "ordering": ["-id"],
            },
        ),
        migrations.AddConstraint(
            model_name="partykey",
            constraint=models.UniqueConstraint(
                fields=("organisation", "fingerprint"), name="party_key_once"
            ),
        ),
    ]
