"""The one place where business time is read: PostgreSQL's clock, never the host's."""

from datetime import datetime, timedelta

from django.conf import settings
from django.db import connection


def read_now() -> datetime:
    """Return the instant of the database; call it once, at the edge, and pass it on.

    Under TOCSIN_TEST_CLOCK=1 (refused in production) the offset row is added, so that
    tests with worker processes can move time for all of them at once.
    """
    if not settings.TEST_CLOCK:
        with connection.cursor() as cursor:
            cursor.execute("SELECT clock_timestamp()")
            return cursor.fetchone()[0]  # type: ignore[no-any-return]  # driver is untyped
    return _shifted_now()


def _shifted_now() -> datetime:
    sql = "SELECT clock_timestamp(), (SELECT seconds FROM tocsin_test_clock LIMIT 1)"
    with connection.cursor() as cursor:
        cursor.execute(sql)
        now, seconds = cursor.fetchone()
    return now + timedelta(seconds=seconds or 0)  # type: ignore[no-any-return]  # driver is untyped
