"""Add the sealed log: leaves, tiles, checkpoints, cosigned notes, the sealer's memory."""

from typing import ClassVar

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies: ClassVar = [("incidents", "0035_let_the_log_have_entries")]

    operations: ClassVar = [
        migrations.CreateModel(
            name="SealedLeaf",
            fields=[
                ("idx", models.BigIntegerField(primary_key=True, serialize=False)),
                ("leaf_hash", models.BinaryField()),
                (
                    "entry",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="sealed",
                        to="incidents.entry",
                    ),
                ),
            ],
            options={"db_table": "tocsin_leaf"},
        ),
        migrations.CreateModel(
            name="Tile",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "level",
                        "n",
                        blank=True,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("level", models.SmallIntegerField()),
                ("n", models.BigIntegerField()),
                (
                    "hashes",
                    models.BinaryField(help_text="32 bytes each, from the left"),
                ),
            ],
            options={"db_table": "tocsin_tile"},
        ),
        migrations.CreateModel(
            name="Checkpoint",
            fields=[
                ("size", models.BigIntegerField(primary_key=True, serialize=False)),
                ("root", models.BinaryField()),
                (
                    "note",
                    models.TextField(
                        blank=True, help_text="signed; empty until the signer did"
                    ),
                ),
                ("sealed_at", models.DateTimeField()),
                ("signed_at", models.DateTimeField(null=True)),
            ],
            options={"db_table": "tocsin_checkpoint"},
        ),
        migrations.CreateModel(
            name="Cosigned",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "size",
                        "which",
                        blank=True,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("size", models.BigIntegerField()),
                (
                    "which",
                    models.CharField(
                        choices=[
                            ("first", "the first"),
                            ("last", "the newest heartbeat"),
                        ],
                        max_length=5,
                    ),
                ),
                ("note", models.TextField()),
                ("quorum_at", models.DateTimeField(null=True)),
            ],
            options={"db_table": "tocsin_cosigned"},
        ),
        migrations.CreateModel(
            name="SealerState",
            fields=[
                (
                    "id",
                    models.SmallIntegerField(
                        default=1, primary_key=True, serialize=False
                    ),
                ),
                (
                    "to_sign",
                    models.BigIntegerField(
                        default=0,
                        help_text="the size that the signer is asked for, noted before"
                        " it is asked",
                    ),
                ),
                (
                    "refused_why",
                    models.TextField(
                        blank=True, help_text="what the signer last refused with"
                    ),
                ),
                ("broken_why", models.TextField(blank=True)),
                ("broken_at", models.DateTimeField(null=True)),
                ("heartbeat_at", models.DateTimeField(null=True)),
                (
                    "broken_entry",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="incidents.entry",
                    ),
                ),
            ],
            options={"db_table": "tocsin_sealer"},
        ),
        migrations.AddConstraint(
            model_name="sealerstate",
            constraint=models.CheckConstraint(
                condition=models.Q(id=1), name="sealer_one_row"
            ),
        ),
    ]
