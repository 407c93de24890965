from django.db import migrations


class Migration(migrations.Migration):

    dependencies = [
        ('incidents', '0024_name_maintenance_windows'),
    ]

    operations = [
        migrations.RunSQL(
            "UPDATE tocsin_maintenance SET slug = 'window-' || id WHERE slug IS NULL",
            reverse_sql=migrations.RunSQL.noop,
        ),
    ]
