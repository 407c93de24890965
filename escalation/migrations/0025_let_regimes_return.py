from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('escalation', '0024_let_questions_be_limbs'),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name='regimetext',
            name='regime_text_once',
        ),
        migrations.AddConstraint(
            model_name='regimetext',
            constraint=models.UniqueConstraint(condition=models.Q(('organisation', None)), fields=('regime_id', 'digest'), name='regime_text_shipped_once'),
        ),
        migrations.AddIndex(
            model_name='regimetext',
            index=models.Index(fields=['digest'], name='regime_text_digest'),
        ),
    ]
