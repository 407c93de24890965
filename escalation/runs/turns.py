"""Whose turn it was last in a team that is gone through in turn."""

from collections.abc import Mapping

from escalation.runs.models import Turn


def last_turns(teams: Mapping[int, int], *, lock: bool) -> dict[int, int]:
    """Return {team id: user id} for teams given as {team id: organisation id}.

    A team without any turn yet is left out.

    With `lock` the rows are made where they are missing and held, ids ascending, until
    the transaction ends: two incidents at one moment get two people.
    """
    rows = Turn.objects.filter(team__in=teams)
    if lock:
        Turn.objects.bulk_create(
            [
                Turn(team_id=pk, organisation_id=owner)
                for pk, owner in sorted(teams.items())
            ],
            ignore_conflicts=True,
        )
        rows = rows.select_for_update(no_key=True).order_by("team")
    found = rows.filter(last_user__isnull=False) if not lock else rows
    return {row.team_id: row.last_user_id for row in found if row.last_user_id}


def save_turns(turns: Mapping[int, int]) -> None:
    """Write whose turn was last: {team id: user id}. Requires the rows to be locked."""
    if turns:
        rows = list(Turn.objects.filter(team__in=turns))
        for row in rows:
            row.last_user_id = turns[row.team_id]
        Turn.objects.bulk_update(rows, ["last_user"])
