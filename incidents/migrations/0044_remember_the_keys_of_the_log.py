"""Remember which keys signed the log last, so that each change is recorded once."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('incidents', '0043_guard_what_is_erased'),
    ]

    operations = [
        migrations.AddField(
            model_name='sealerstate',
            name='known_keys',
            field=models.JSONField(default=list, help_text="the keys that signed last, as the log's entries say"),
        ),
    ]
