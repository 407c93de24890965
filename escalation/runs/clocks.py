"""Start and move the clocks of runs: runs know what is at work, clocks what is due."""

from collections.abc import Sequence
from datetime import datetime

from escalation.clocks.start import Path, has_targets, retarget, start_clocks
from escalation.runs.models import LIVE, Run
from incidents.models import Timer


def start_clocks_of(runs: Sequence[Run], *, now: datetime) -> None:
    """Start the clocks of runs that begin; those that are there follow them.

    Requires the incidents locked.
    """
    incident_ids = {run.incident_id for run in runs if has_targets(run.version)}
    rows = Run.objects.filter(incident__in=incident_ids)
    columns = ("pk", "incident", "organisation", "started_at")
    earlier = list(rows.values_list(*columns)) if incident_ids else []
    start_clocks([_path(run, earlier) for run in runs], now=now)


def _path(run: Run, earlier: Sequence[tuple[int, int, int, datetime]]) -> Path:
    before = [
        at
        for pk, incident_id, organisation_id, at in earlier
        if pk < run.pk
        and (incident_id, organisation_id) == (run.incident_id, run.organisation_id)
    ]
    return Path(
        run.incident,
        run.organisation,
        run.version,
        run.pk,
        max(before, default=None),
    )


def follow_severity(timers: Sequence[Timer], now: datetime) -> None:
    """Move clocks to the targets of the new severity, and start those it adds."""
    incident_ids = sorted({t.incident_id for t in timers if t.incident_id})
    retarget(incident_ids, now=now)
    rows = Run.objects.filter(incident__in=incident_ids, state__in=LIVE)
    related = ("incident__organisation", "organisation", "version__policy")
    runs = [
        run
        for run in rows.select_related(*related).order_by("pk")
        if has_targets(run.version) and not run.incident.is_closed
    ]
    paths = [
        Path(run.incident, run.organisation, run.version, run.pk, run.started_at)
        for run in runs
    ]
    start_clocks(paths, now=now)
