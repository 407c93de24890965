from django.db import migrations, models


class Migration(migrations.Migration):
    """Let the key of a question be long enough for one that a limb asks in its own words."""

    dependencies = [("escalation", "0023_count_rounds_of_statutory_clocks")]

    operations = [
        migrations.AlterField(
            model_name="assessmentanswer",
            name="question",
            field=models.CharField(
                help_text="key of a question, or regime:limb asked in its words",
                max_length=120,
            ),
        )
    ]
