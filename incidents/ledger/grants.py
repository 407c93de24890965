"""What the runtime role may do to each table; given again after every migration.

The owner migrates and nothing else. The runtime role may add to the record and read
it, never change, delete or truncate it.
"""

from typing import Any, Final

from django.conf import settings
from django.db import connection
from psycopg import sql

APPEND_ONLY: Final = (
    "tocsin_entry",
    "tocsin_disclosure",
    "tocsin_leaf",
    "tocsin_ended_log",
)
# Written by a function of the owner's alone.
READ_ONLY: Final = ("tocsin_erased",)
ERASE: Final = "tocsin_erase(bigint, text)"
# Of these the runtime role may also change some columns; triggers say how.
GROWING: Final = {
    "tocsin_stream": "last_seq, last_hash",
    "tocsin_tile": "hashes",
    "tocsin_checkpoint": "note, signed_at",
    "tocsin_cosigned": "note, quorum_at",
    # Files stay; what an erasure takes out of their rows may go.
    "tocsin_attachment": "filename, sha256",
    # Whose a stream is says which holds cover it.
    "tocsin_audience_stream": "opened_at, closed_at",
    "tocsin_hold": "released_at, released_by_id, released_reason, release_entry_id",
}
_EVERYTHING: Final = (
    "GRANT USAGE ON SCHEMA public TO {role}",
    "GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {role}",
    "GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO {role}",
)


def grant_runtime_role(**_: Any) -> None:
    """Grant the runtime role its rights; does nothing when it is the owner itself."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_user")
        if cursor.fetchone()[0] == settings.RUNTIME_ROLE:
            return
        role = sql.Identifier(settings.RUNTIME_ROLE)
        for statement in _EVERYTHING:
            cursor.execute(sql.SQL(statement).format(role=role))
        for table in APPEND_ONLY:
            _restrict(cursor, table, "SELECT, INSERT", role)
        for table in READ_ONLY:
            _restrict(cursor, table, "SELECT", role)
        # A key is destroyed, never exchanged for another.
        _restrict(cursor, "tocsin_data_key", "SELECT, INSERT, DELETE", role)
        for table, columns in GROWING.items():
            _restrict(cursor, table, f"SELECT, INSERT, UPDATE ({columns})", role)
        execute = sql.SQL("GRANT EXECUTE ON FUNCTION {erase} TO {role}")
        cursor.execute(execute.format(erase=sql.SQL(ERASE), role=role))


def _restrict(cursor: Any, table: str, rights: str, role: sql.Identifier) -> None:
    """Take every right on a table from the role and give back only these."""
    name = sql.Identifier(table)
    revoke = sql.SQL("REVOKE ALL ON {table} FROM {role}")
    cursor.execute(revoke.format(table=name, role=role))
    grant = sql.SQL("GRANT {rights} ON {table} TO {role}")
    cursor.execute(grant.format(rights=sql.SQL(rights), table=name, role=role))
