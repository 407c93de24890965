"""Run the policy that a legal profile names when a law's clock warns.

It is put to work on an open incident on which nobody of the organisation is being paged:
an active or snoozed path is left alone. One that an acknowledgement has paused gives way
once it is grave, because whoever has the incident may not be who answers to the authority.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Final

from django.db.models import Q

from escalation.duties.looking import Place
from escalation.duties.models import StatutoryClock
from escalation.lawbook.profiles import Profile
from escalation.policies.models import PolicyVersion
from escalation.policies.versions import versions_in_force
from escalation.runs.engine import NewRun, end_runs, loaded, start_runs
from escalation.runs.models import LIVE, Run, RunState
from escalation.runs.timers import STEP
from escalation.runs.watch import end_acknowledgements
from incidents.models import Acknowledgement
from incidents.timers.schedule import cancel_timers

REASON: Final = "a report to an authority is due"
_LEFT_ALONE: Final = (RunState.ACTIVE, RunState.SNOOZED)


def run_policies(
    clocks: Sequence[StatutoryClock],
    profiles: Mapping[int, Profile],
    *,
    grave: Collection[int],
    now: datetime,
) -> None:
    """Put the profiles' policies to work on these clocks' incidents; `grave` are some.

    Requires an open `recording` and the incidents locked.
    """
    wanted = _wanted(clocks, profiles)
    if not wanted:
        return
    live = _live(wanted)
    free = {
        place: found
        for place, found in wanted.items()
        if place not in live
        or (found[0].pk in grave and live[place].state not in _LEFT_ALONE)
    }
    if not free:
        return
    _make_room([live[place] for place in free if place in live], free, now)
    news = [
        NewRun(clock.incident, clock.organisation, version, REASON)
        for clock, version in free.values()
    ]
    start_runs(news, now=now)


def _wanted(
    clocks: Sequence[StatutoryClock], profiles: Mapping[int, Profile]
) -> dict[Place, tuple[StatutoryClock, PolicyVersion]]:
    """Return for each place with an open incident its clock and the policy to run."""
    policies = {
        profile.policy_id
        for clock in clocks
        if (profile := profiles[clock.organisation_id]).policy_id
    }
    if not policies:
        return {}
    versions = versions_in_force(policies)
    found: dict[Place, tuple[StatutoryClock, PolicyVersion]] = {}
    for clock in clocks:
        version = versions.get(profiles[clock.organisation_id].policy_id or 0)
        if version is not None and not clock.incident.is_closed:
            place = clock.incident_id, clock.organisation_id
            found.setdefault(place, (clock, version))
    return found


def _live(places: Mapping[Place, object]) -> dict[Place, Run]:
    rows = Run.objects.filter(incident__in={pk for pk, _ in places}, state__in=LIVE)
    runs = loaded(rows.values_list("pk", flat=True))
    return {(run.incident_id, run.organisation_id): run for run in runs}


def _make_room(
    former: Sequence[Run], places: Mapping[Place, object], now: datetime
) -> None:
    """End paths that an acknowledgement has paused, and the acknowledgements."""
    cancel_timers(STEP, [run.pk for run in former])
    end_runs(former, state=RunState.STOPPED, reason=f"superseded: {REASON}", now=now)
    wanted = Q()
    for incident_id, organisation_id in places:
        wanted |= Q(incident=incident_id, organisation=organisation_id)
    own = Acknowledgement.objects.filter(wanted, ended_at=None)
    end_acknowledgements(own, now=now)
