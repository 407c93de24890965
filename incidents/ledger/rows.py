"""Inserts many plain rows at once, as one JSON text.

A parameter for each value makes the driver the most expensive part of a storm; one JSON
text that PostgreSQL unpacks by the table's own column types costs a fifth.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from django.db import connection, models
from psycopg import sql


def insert_rows(
    model: type[models.Model],
    rows: Sequence[Mapping[str, Any]],
    *,
    ignore_conflicts: bool = False,
) -> None:
    """Insert rows given as {column: value}; every row has the same columns.

    Columns left out take the database's default. Datetimes and UUIDs may be given as
    they are; a JSON column takes plain data.
    """
    if not rows:
        return
    table = sql.Identifier(model._meta.db_table)  # noqa: SLF001  public by Django's docs
    columns = sql.SQL(", ").join(sql.Identifier(name) for name in rows[0])
    statement = sql.SQL(
        "INSERT INTO {table} ({columns}) "
        "SELECT {columns} FROM json_populate_recordset(NULL::{table}, %s){otherwise}"
    ).format(
        table=table,
        columns=columns,
        otherwise=sql.SQL(" ON CONFLICT DO NOTHING" if ignore_conflicts else ""),
    )
    with connection.cursor() as cursor:
        cursor.execute(statement, [json.dumps(rows, default=str)])
