"""Refuse every change of the sealed log in the database itself, whoever asks.

What may change: a tile grows at its right edge, a checkpoint gets its signature once,
a cosigned note gets more witnesses. Nothing goes away.
"""

from typing import ClassVar

from django.db import migrations

TABLES = ("leaf", "tile", "checkpoint", "cosigned")

FUNCTIONS = """
CREATE FUNCTION tocsin_refuse_shrinking() RETURNS trigger LANGUAGE plpgsql
SET search_path = pg_catalog AS $$
BEGIN
    IF (NEW.level, NEW.n) IS DISTINCT FROM (OLD.level, OLD.n)
        OR substr(NEW.hashes, 1, length(OLD.hashes)) IS DISTINCT FROM OLD.hashes THEN
        RAISE EXCEPTION '% on % is refused: a tile only ever grows',
            TG_OP, TG_TABLE_NAME USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN NEW;
END $$;

CREATE FUNCTION tocsin_sign_once() RETURNS trigger LANGUAGE plpgsql
SET search_path = pg_catalog AS $$
BEGIN
    IF OLD.note <> '' OR NEW.note = '' OR NEW.signed_at IS NULL
        OR (NEW.size, NEW.root, NEW.sealed_at)
            IS DISTINCT FROM (OLD.size, OLD.root, OLD.sealed_at) THEN
        RAISE EXCEPTION '% on % is refused: a checkpoint is signed once',
            TG_OP, TG_TABLE_NAME USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN NEW;
END $$;
"""

TRIGGERS = """
CREATE TRIGGER leaf_no_change BEFORE UPDATE OR DELETE ON tocsin_leaf
    FOR EACH ROW EXECUTE FUNCTION tocsin_refuse_change();
CREATE TRIGGER tile_no_change BEFORE DELETE ON tocsin_tile
    FOR EACH ROW EXECUTE FUNCTION tocsin_refuse_change();
CREATE TRIGGER checkpoint_no_change BEFORE DELETE ON tocsin_checkpoint
    FOR EACH ROW EXECUTE FUNCTION tocsin_refuse_change();
CREATE TRIGGER cosigned_no_change BEFORE DELETE ON tocsin_cosigned
    FOR EACH ROW EXECUTE FUNCTION tocsin_refuse_change();
CREATE TRIGGER tile_grows BEFORE UPDATE ON tocsin_tile
    FOR EACH ROW EXECUTE FUNCTION tocsin_refuse_shrinking();
CREATE TRIGGER checkpoint_signed_once BEFORE UPDATE ON tocsin_checkpoint
    FOR EACH ROW EXECUTE FUNCTION tocsin_sign_once();
"""
# ALWAYS: session_replication_role cannot switch them off.
ALWAYS = """
ALTER TABLE tocsin_tile ENABLE ALWAYS TRIGGER tile_grows;
ALTER TABLE tocsin_checkpoint ENABLE ALWAYS TRIGGER checkpoint_signed_once;
""" + "".join(
    f"""
CREATE TRIGGER {table}_no_truncate BEFORE TRUNCATE ON tocsin_{table}
    FOR EACH STATEMENT EXECUTE FUNCTION tocsin_refuse_change();
ALTER TABLE tocsin_{table} ENABLE ALWAYS TRIGGER {table}_no_change;
ALTER TABLE tocsin_{table} ENABLE ALWAYS TRIGGER {table}_no_truncate;
"""
    for table in TABLES
)

UNGUARD = """
DROP TRIGGER tile_grows ON tocsin_tile;
DROP TRIGGER checkpoint_signed_once ON tocsin_checkpoint;
DROP FUNCTION tocsin_refuse_shrinking();
DROP FUNCTION tocsin_sign_once();
""" + "".join(
    f"DROP TRIGGER {table}_no_change ON tocsin_{table};"
    f"DROP TRIGGER {table}_no_truncate ON tocsin_{table};"
    for table in TABLES
)


class Migration(migrations.Migration):
    dependencies: ClassVar = [("incidents", "0036_add_the_sealed_log")]
    operations: ClassVar = [migrations.RunSQL(FUNCTIONS + TRIGGERS + ALWAYS, UNGUARD)]
