"""A sign of life while its monitor's row is held by somebody else."""

import time

import psycopg
from django.db import connection

from incidents.events.actor import Actor
from incidents.intake.heartbeats.monitors import (
    HeartbeatDraft,
    create_heartbeat,
    heartbeat_url,
)
from incidents.intake.heartbeats.ping import Pinged, take_ping
from tests.incidents.intake.intake_world import NOW, make_organisation


def test_sign_that_waits_for_long_is_told_to_come_again(
    world_database, django_db_blocker
):
    with django_db_blocker.unblock(), psycopg.connect(world_database.url) as other:
        organisation = make_organisation()
        draft = HeartbeatDraft(name="Backup", period_minutes=60, grace_minutes=5)
        actor = Actor.system(organisation)
        row = create_heartbeat(organisation, draft, slug="b", actor=actor, now=NOW)
        key = heartbeat_url(row).rpartition("/")[2]
        other.execute("UPDATE tocsin_heartbeat SET name = 'Held'")
        began = time.monotonic()
        assert take_ping(key) is Pinged.UNAVAILABLE
        assert 3.5 < time.monotonic() - began < 6
        other.rollback()
        assert take_ping(key) is Pinged.TAKEN
        # What may last elsewhere is as before.
        with connection.cursor() as cursor:
            cursor.execute("SHOW statement_timeout")
            assert cursor.fetchone()[0] != "4s"
