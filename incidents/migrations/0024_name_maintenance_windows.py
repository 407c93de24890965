from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('incidents', '0023_index_unreadable_deliveries'),
    ]

    operations = [
        migrations.AddField(
            model_name='maintenance',
            name='slug',
            field=models.SlugField(max_length=60, null=True),
        ),
    ]
