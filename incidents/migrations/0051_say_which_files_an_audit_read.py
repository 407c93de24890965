"""Note how many files an audit hashed anew, and of how many."""

from typing import ClassVar

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies: ClassVar = [("incidents", "0050_add_party_keys")]
    operations: ClassVar = [
        migrations.AddField(
            model_name="audit",
            name="files",
            field=models.BigIntegerField(
                default=0, help_text="how many files of incidents were hashed anew"
            ),
        ),
        migrations.AddField(
            model_name="audit",
            name="files_of",
            field=models.BigIntegerField(default=0, help_text="of how many"),
        ),
    ]
