from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('incidents', '0028_know_where_notifications_went'),
    ]

    operations = [
        migrations.AddField(
            model_name='delivery',
            name='was_processed',
            field=models.BooleanField(db_default=False, default=False, help_text='before it was read again: what it only remarks is not told twice'),
        ),
    ]
