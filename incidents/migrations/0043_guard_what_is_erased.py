"""Let a disclosure go only by a logged erasure, and never under a legal hold.

`tocsin_erase()` is the runtime role's only way: it runs as the owner, demands an entry
of kind disclosure.erased, opens the list behind that entry's digest, and deletes what
the list names in that entry's own stream, nothing else. The triggers bind the owner too.
"""

from typing import ClassVar

from django.db import migrations


# The number of the advisory lock says nothing; holds and erasures both take it, so that
# neither overlooks the other's row before it is committed.
FUNCTIONS = """
CREATE FUNCTION tocsin_base64url(data bytea) RETURNS text
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog AS $$
    SELECT rtrim(translate(encode(data, 'base64'), E'+/\\n', '-_'), '=')
$$;

CREATE FUNCTION tocsin_stream_is_held(stream uuid) RETURNS boolean
LANGUAGE sql STABLE SET search_path = pg_catalog AS $$
    SELECT EXISTS (
        SELECT 1 FROM public.tocsin_audience_stream a
        JOIN public.tocsin_hold h ON h.incident_id = a.incident_id
         AND h.released_at IS NULL
         AND h.organisation_id IN (a.organisation_id, a.agency_id)
        WHERE a.stream_id = stream)
$$;

CREATE FUNCTION tocsin_key_is_held(key bigint) RETURNS boolean
LANGUAGE sql STABLE SET search_path = pg_catalog AS $$
    SELECT EXISTS (
        SELECT 1 FROM public.tocsin_data_key k
        JOIN public.tocsin_user u ON u.uid = k.owner
        JOIN public.tocsin_hold h ON h.person_id = u.id AND h.released_at IS NULL
        WHERE k.id = key)
$$;

CREATE FUNCTION tocsin_guard_disclosure() RETURNS trigger LANGUAGE plpgsql
SET search_path = pg_catalog AS $$
DECLARE
    held uuid;
BEGIN
    IF NOT EXISTS (SELECT 1 FROM public.tocsin_erased
                   WHERE entry_id = OLD.entry_id AND name = OLD.name) THEN
        RAISE EXCEPTION 'DELETE on tocsin_disclosure is refused: the record is only'
            ' ever added to, and no erasure of % of entry % is recorded',
            OLD.name, OLD.entry_id USING ERRCODE = 'insufficient_privilege';
    END IF;
    SELECT stream_id INTO held FROM public.tocsin_entry WHERE id = OLD.entry_id;
    IF public.tocsin_stream_is_held(held) OR public.tocsin_key_is_held(OLD.key_id) THEN
        RAISE EXCEPTION 'DELETE on tocsin_disclosure is refused: a legal hold covers % of entry %',
            OLD.name, OLD.entry_id USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN OLD;
END $$;

CREATE FUNCTION tocsin_guard_key() RETURNS trigger LANGUAGE plpgsql
SET search_path = pg_catalog AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(7046029254386353131);
    IF public.tocsin_key_is_held(OLD.id) THEN
        RAISE EXCEPTION 'DELETE on tocsin_data_key is refused: a legal hold covers it'
            USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN OLD;
END $$;

CREATE FUNCTION tocsin_guard_erased() RETURNS trigger LANGUAGE plpgsql
SET search_path = pg_catalog AS $$
BEGIN
    IF NOT EXISTS (
        SELECT 1 FROM public.tocsin_entry d
        JOIN public.tocsin_entry e ON e.stream_id = d.stream_id AND e.seq < d.seq
        WHERE d.id = NEW.decision_id AND d.kind = 'disclosure.erased'
          AND e.id = NEW.entry_id AND (e.kind <> 'disclosure.erased' OR NEW.name = 'actor')
    ) THEN
        RAISE EXCEPTION 'INSERT on tocsin_erased is refused: entry % records no erasure of entry %',
            NEW.decision_id, NEW.entry_id USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN NEW;
END $$;

CREATE FUNCTION tocsin_guard_hold() RETURNS trigger LANGUAGE plpgsql
SET search_path = pg_catalog AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(7046029254386353131);
    IF TG_OP = 'UPDATE' THEN
        IF OLD.released_at IS NOT NULL OR NEW.released_at IS NULL
            OR (NEW.id, NEW.uid, NEW.organisation_id, NEW.incident_id, NEW.person_id,
                NEW.matter, NEW.reason, NEW.placed_by_id, NEW.placed_at, NEW.entry_id)
            IS DISTINCT FROM
               (OLD.id, OLD.uid, OLD.organisation_id, OLD.incident_id, OLD.person_id,
                OLD.matter, OLD.reason, OLD.placed_by_id, OLD.placed_at, OLD.entry_id)
            OR NOT EXISTS (
                SELECT 1 FROM public.tocsin_entry r
                JOIN public.tocsin_entry p
                  ON p.id = OLD.entry_id AND r.stream_id = p.stream_id AND r.seq > p.seq
                WHERE r.id = NEW.release_entry_id AND r.kind = 'hold.released') THEN
            RAISE EXCEPTION 'UPDATE on tocsin_hold is refused: a hold is released once, by an entry that says so'
                USING ERRCODE = 'insufficient_privilege';
        END IF;
    ELSIF NEW.released_at IS NOT NULL OR NOT EXISTS (
            SELECT 1 FROM public.tocsin_entry
            WHERE id = NEW.entry_id AND kind = 'hold.placed') THEN
        RAISE EXCEPTION 'INSERT on tocsin_hold is refused: no entry says that it is placed'
            USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN NEW;
END $$;

CREATE FUNCTION tocsin_erase(decision bigint, disclosed text) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    logged record;
    padded text := translate(disclosed, '-_', '+/')
        || repeat('=', (4 - length(disclosed) % 4) % 4);
    named jsonb;
    gone bigint;
BEGIN
    PERFORM pg_advisory_xact_lock(7046029254386353131);
    SELECT stream_id, seq, leaf INTO logged FROM public.tocsin_entry
     WHERE id = decision AND kind = 'disclosure.erased';
    IF NOT FOUND OR (convert_from(logged.leaf, 'UTF8')::jsonb #>> '{commit,erased}')
        IS DISTINCT FROM public.tocsin_base64url(sha256(convert_to(disclosed, 'UTF8'))) THEN
        RAISE EXCEPTION 'the erasure is refused: entry % does not record this list', decision
            USING ERRCODE = 'insufficient_privilege';
    END IF;
    named := convert_from(decode(padded, 'base64'), 'UTF8')::jsonb -> 2;
    INSERT INTO public.tocsin_erased (entry_id, name, decision_id)
    SELECT e.id, n.field, decision
      FROM jsonb_to_recordset(named) AS n (stream uuid, seq bigint, field text)
      JOIN public.tocsin_entry e ON e.stream_id = n.stream AND e.seq = n.seq
     WHERE n.stream = logged.stream_id
    ON CONFLICT DO NOTHING;
    DELETE FROM public.tocsin_disclosure d
     USING jsonb_to_recordset(named) AS n (stream uuid, seq bigint, field text),
           public.tocsin_entry e
     WHERE n.stream = logged.stream_id AND e.stream_id = n.stream AND e.seq = n.seq
       AND d.entry_id = e.id AND d.name = n.field;
    GET DIAGNOSTICS gone = ROW_COUNT;
    RETURN gone;
END $$;
REVOKE ALL ON FUNCTION tocsin_erase(bigint, text) FROM PUBLIC;
"""

TRIGGERS = """
DROP TRIGGER disclosure_no_change ON tocsin_disclosure;
CREATE TRIGGER disclosure_no_change BEFORE UPDATE ON tocsin_disclosure
    FOR EACH ROW EXECUTE FUNCTION tocsin_refuse_change();
CREATE TRIGGER disclosure_guarded BEFORE DELETE ON tocsin_disclosure
    FOR EACH ROW EXECUTE FUNCTION tocsin_guard_disclosure();
CREATE TRIGGER data_key_no_change BEFORE UPDATE ON tocsin_data_key
    FOR EACH ROW EXECUTE FUNCTION tocsin_refuse_change();
CREATE TRIGGER data_key_guarded BEFORE DELETE ON tocsin_data_key
    FOR EACH ROW EXECUTE FUNCTION tocsin_guard_key();
CREATE TRIGGER erased_guarded BEFORE INSERT ON tocsin_erased
    FOR EACH ROW EXECUTE FUNCTION tocsin_guard_erased();
CREATE TRIGGER erased_no_change BEFORE UPDATE OR DELETE ON tocsin_erased
    FOR EACH ROW EXECUTE FUNCTION tocsin_refuse_change();
CREATE TRIGGER hold_guarded BEFORE INSERT OR UPDATE ON tocsin_hold
    FOR EACH ROW EXECUTE FUNCTION tocsin_guard_hold();
CREATE TRIGGER hold_no_change BEFORE DELETE ON tocsin_hold
    FOR EACH ROW EXECUTE FUNCTION tocsin_refuse_change();
"""
ALWAYS = (
    ("disclosure", "disclosure_no_change"),
    ("disclosure", "disclosure_guarded"),
    ("data_key", "data_key_no_change"),
    ("data_key", "data_key_guarded"),
    ("erased", "erased_guarded"),
    ("erased", "erased_no_change"),
    ("hold", "hold_guarded"),
    ("hold", "hold_no_change"),
)
TRUNCATED = ("data_key", "erased", "hold")

GUARD = (
    FUNCTIONS
    + TRIGGERS
    + "".join(
        f"CREATE TRIGGER {table}_no_truncate BEFORE TRUNCATE ON tocsin_{table}"
        " FOR EACH STATEMENT EXECUTE FUNCTION tocsin_refuse_change();"
        f" ALTER TABLE tocsin_{table} ENABLE ALWAYS TRIGGER {table}_no_truncate;"
        for table in TRUNCATED
    )
    # ALWAYS: session_replication_role cannot switch them off.
    + "".join(
        f"ALTER TABLE tocsin_{table} ENABLE ALWAYS TRIGGER {name};"
        for table, name in ALWAYS
    )
)
UNGUARD = (
    "".join(
        f"DROP TRIGGER {table}_no_truncate ON tocsin_{table};" for table in TRUNCATED
    )
    + "".join(f"DROP TRIGGER {name} ON tocsin_{table};" for table, name in ALWAYS)
    + """
CREATE TRIGGER disclosure_no_change BEFORE UPDATE OR DELETE ON tocsin_disclosure
    FOR EACH ROW EXECUTE FUNCTION tocsin_refuse_change();
ALTER TABLE tocsin_disclosure ENABLE ALWAYS TRIGGER disclosure_no_change;
DROP FUNCTION tocsin_erase(bigint, text);
DROP FUNCTION tocsin_guard_hold();
DROP FUNCTION tocsin_guard_erased();
DROP FUNCTION tocsin_guard_key();
DROP FUNCTION tocsin_guard_disclosure();
DROP FUNCTION tocsin_key_is_held(bigint);
DROP FUNCTION tocsin_stream_is_held(uuid);
DROP FUNCTION tocsin_base64url(bytea);
"""
)


class Migration(migrations.Migration):
    dependencies: ClassVar = [("incidents", "0042_add_holds_and_erasures")]
    operations: ClassVar = [migrations.RunSQL(GUARD, UNGUARD)]
