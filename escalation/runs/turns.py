"""Whose turn it was last in a team that is gone through in turn."""

from collections.abc import Collection, Mapping
from typing import Final

from django.db import connection

from escalation.runs.models import Turn

LOCK: Final = 0x70C7E2


def last_turns(teams: Collection[int]) -> dict[int, int]:
    """Return {team id: user id}; a team of which nobody had a turn yet is left out."""
    rows = Turn.objects.filter(team__in=teams, last_user__isnull=False)
    return {row.team_id: row.last_user_id for row in rows if row.last_user_id}


def hold_turns() -> None:
    """Let nobody else take a turn until the transaction ends.

    Two incidents at one moment so get two people. One lock for all teams: a transaction
    takes turns several times, in teams that it cannot know before, and must never wait
    for another that waits for it.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK])


def save_turns(turns: Mapping[int, tuple[int, int]]) -> None:
    """Write {team id: (organisation id, user id whose turn was last)}.

    Requires `hold_turns`.
    """
    rows = [
        Turn(team_id=team, organisation_id=owner, last_user_id=user)
        for team, (owner, user) in turns.items()
    ]
    Turn.objects.bulk_create(
        rows,
        update_conflicts=True,
        unique_fields=["team"],
        update_fields=["last_user"],
    )
