"""Let an acknowledgement know the event that recorded it, and who has signed it."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("incidents", "0048_note_missed_quorums"),
    ]

    operations = [
        migrations.AddField(
            model_name="acknowledgement",
            name="event",
            field=models.UUIDField(
                help_text="the event that recorded it, whose entries can be signed",
                null=True,
            ),
        ),
        migrations.AddField(
            model_name="acknowledgement",
            name="signed_at",
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name="acknowledgement",
            name="signed_by_key",
            field=models.CharField(
                blank=True,
                db_default="",
                default="",
                help_text="fingerprint of the person's key",
                max_length=64,
            ),
        ),
    ]
