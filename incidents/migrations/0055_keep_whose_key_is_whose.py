"""Refuse to give a person another uid: by it a hold finds the key that it covers."""

from typing import ClassVar

from django.db import migrations

GUARD = """
CREATE TRIGGER user_keeps_uid BEFORE UPDATE OF uid ON tocsin_user FOR EACH ROW
    WHEN (OLD.uid IS DISTINCT FROM NEW.uid) EXECUTE FUNCTION tocsin_refuse_change();
ALTER TABLE tocsin_user ENABLE ALWAYS TRIGGER user_keeps_uid;
"""
UNGUARD = "DROP TRIGGER user_keeps_uid ON tocsin_user;"


class Migration(migrations.Migration):
    dependencies: ClassVar = [("incidents", "0054_remember_what_stands_after_a_restore")]
    operations: ClassVar = [migrations.RunSQL(GUARD, UNGUARD)]
