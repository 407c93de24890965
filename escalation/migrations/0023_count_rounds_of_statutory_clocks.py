from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("escalation", "0022_know_statutory_duties")]

    operations = [
        migrations.AddField(
            model_name="statutoryclock",
            name="counted_from",
            field=models.DateTimeField(
                help_text="the instant of its anchor", null=True
            ),
        ),
        migrations.AddField(
            model_name="statutoryclock",
            name="round",
            field=models.SmallIntegerField(
                db_default=1,
                default=1,
                help_text="of a report that is due again and again",
            ),
        ),
        migrations.AddConstraint(
            model_name="statutoryclock",
            constraint=models.UniqueConstraint(
                fields=("incident", "organisation", "regime_id", "stage", "round"),
                name="statutory_clock_round_once",
            ),
        ),
    ]
