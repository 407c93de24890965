import os
import subprocess
import sys

import pytest
from django.conf import settings
from django.db import connection


def current_role() -> tuple[str, str]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_user, current_database()")
        return cursor.fetchone()


@pytest.mark.django_db
def test_tests_connect_as_runtime_role():
    assert current_role()[0] == settings.RUNTIME_ROLE


@pytest.mark.django_db
def test_runtime_role_owns_no_table():
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*), count(*) FILTER (WHERE tableowner = current_user)"
            " FROM pg_tables WHERE schemaname = 'public'"
        )
        tables, owned = cursor.fetchone()
    assert tables > 0
    assert owned == 0


def test_world_database_is_shared_with_other_processes(world_database):
    with connection.cursor() as cursor:
        cursor.execute("INSERT INTO django_session VALUES ('k', 'data', now())")
    script = (
        "import django; django.setup(); from django.db import connection as c;"
        "k = c.cursor(); k.execute('SELECT session_key FROM django_session');"
        "print(k.fetchall())"
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        capture_output=True,
        text=True,
        check=True,
        cwd=settings.BASE_DIR,
        env=world_database.environment(),
    )
    assert done.stdout == "[('k',)]\n"


def test_broker_is_empty_and_own(redis_url):
    assert redis_url.startswith(os.environ["REDIS_URL"].partition("?")[0][:5])
