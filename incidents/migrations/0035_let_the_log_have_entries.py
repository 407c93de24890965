"""Let entries of the log itself wait for the sealer: they are no organisation's."""

from typing import ClassVar

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies: ClassVar = [("incidents", "0034_show_reports_to_colleagues")]

    operations: ClassVar = [
        migrations.AlterField(
            model_name="pending",
            name="organisation",
            field=models.ForeignKey(
                help_text="nobody's for the log's own entries, which only the sealer takes",
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                to="incidents.organisation",
            ),
        ),
        migrations.AddConstraint(
            model_name="pending",
            constraint=models.CheckConstraint(
                condition=models.Q(organisation__isnull=False)
                | models.Q(consumer="sealer"),
                name="pending_is_somebodys",
            ),
        ),
    ]
