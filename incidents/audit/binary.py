"""Reads rows whose bytes travel as they are, half as long as their digits."""

from collections.abc import Sequence
from typing import Any, LiteralString

import psycopg
from django.db import connection


def read_binary(
    query: LiteralString, parameters: Sequence[Any]
) -> list[tuple[Any, ...]]:
    """Return the rows of a query, in the connection's transaction."""
    connection.ensure_connection()
    # Django's own cursors put parameters into the text, and so get text back.
    with psycopg.Cursor[tuple[Any, ...]](connection.connection) as cursor:
        cursor.execute(query, parameters, binary=True)
        return cursor.fetchall()
