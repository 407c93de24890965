"""Add the table that counts failed sign-ins."""

from typing import ClassVar

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies: ClassVar = [("incidents", "0002_guard_record")]
    operations: ClassVar = [
        migrations.CreateModel(
            name="SignInFailure",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                (
                    "account",
                    models.BinaryField(
                        help_text="keyed hash of the e-mail address, whether or not it has an account"
                    ),
                ),
                ("address", models.GenericIPAddressField(null=True)),
                ("at", models.DateTimeField()),
            ],
            options={
                "db_table": "tocsin_sign_in_failure",
                "indexes": [
                    models.Index(fields=["at"], name="sign_in_failure_at"),
                    models.Index(
                        fields=["address", "at"], name="sign_in_failure_address"
                    ),
                ],
            },
        ),
    ]
