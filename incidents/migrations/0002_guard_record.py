"""Refuse every change of the record in the database itself, whoever asks."""

from typing import ClassVar

from django.db import migrations

GUARD = """
CREATE FUNCTION tocsin_refuse_change() RETURNS trigger LANGUAGE plpgsql
SET search_path = pg_catalog AS $$
BEGIN
    RAISE EXCEPTION '% on % is refused: the record is only ever added to',
        TG_OP, TG_TABLE_NAME USING ERRCODE = 'insufficient_privilege';
END $$;

CREATE TRIGGER entry_no_change BEFORE UPDATE OR DELETE ON tocsin_entry
    FOR EACH ROW EXECUTE FUNCTION tocsin_refuse_change();
CREATE TRIGGER entry_no_truncate BEFORE TRUNCATE ON tocsin_entry
    FOR EACH STATEMENT EXECUTE FUNCTION tocsin_refuse_change();
CREATE TRIGGER disclosure_no_change BEFORE UPDATE OR DELETE ON tocsin_disclosure
    FOR EACH ROW EXECUTE FUNCTION tocsin_refuse_change();
CREATE TRIGGER disclosure_no_truncate BEFORE TRUNCATE ON tocsin_disclosure
    FOR EACH STATEMENT EXECUTE FUNCTION tocsin_refuse_change();
-- ALWAYS: session_replication_role cannot switch them off.
ALTER TABLE tocsin_entry ENABLE ALWAYS TRIGGER entry_no_change;
ALTER TABLE tocsin_entry ENABLE ALWAYS TRIGGER entry_no_truncate;
ALTER TABLE tocsin_disclosure ENABLE ALWAYS TRIGGER disclosure_no_change;
ALTER TABLE tocsin_disclosure ENABLE ALWAYS TRIGGER disclosure_no_truncate;

-- Rows of these live for seconds; a poll that finds nothing must stay cheap.
ALTER TABLE tocsin_timer SET (autovacuum_vacuum_scale_factor = 0.02,
                              autovacuum_vacuum_cost_delay = 0);
ALTER TABLE tocsin_pending SET (autovacuum_vacuum_scale_factor = 0.02,
                                autovacuum_vacuum_cost_delay = 0);
"""

UNGUARD = """
ALTER TABLE tocsin_pending RESET (autovacuum_vacuum_scale_factor, autovacuum_vacuum_cost_delay);
ALTER TABLE tocsin_timer RESET (autovacuum_vacuum_scale_factor, autovacuum_vacuum_cost_delay);
DROP TRIGGER entry_no_change ON tocsin_entry;
DROP TRIGGER entry_no_truncate ON tocsin_entry;
DROP TRIGGER disclosure_no_change ON tocsin_disclosure;
DROP TRIGGER disclosure_no_truncate ON tocsin_disclosure;
DROP FUNCTION tocsin_refuse_change();
"""


class Migration(migrations.Migration):
    dependencies: ClassVar = [("incidents", "0001_first_tables")]
    operations: ClassVar = [migrations.RunSQL(GUARD, UNGUARD)]
