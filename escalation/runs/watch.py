"""Ends acknowledgements, and sets the timer of those whose policy lets them time out."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from django.db import models

from escalation.runs.models import Run, RunState
from escalation.runs.timers import ACKNOWLEDGEMENT_ENDS, acknowledgement_gone_timer
from incidents.models import Acknowledgement, Incident, Status, Timer
from incidents.timers.schedule import NewTimer, add_timers, cancel_timers


def watch_acknowledgements(incident_ids: Iterable[int]) -> None:
    """Arm the timers of these incidents' acknowledgements, each by its newest run.

    Requires the incidents locked. An acknowledgement may come before its run: whoever
    pauses a run and whoever hears of an acknowledgement both call this.
    """
    rows = Acknowledgement.objects.filter(
        incident__in=set(incident_ids), ended_at=None
    ).select_related("incident")
    watched = [row for row in rows if not row.incident.is_closed]
    if not watched:
        return
    cancel_timers(ACKNOWLEDGEMENT_ENDS, [row.pk for row in watched])
    minutes = _timeouts(watched)
    # Of several people's acknowledgements the newest counts for all.
    newest = {
        (row.incident_id, row.organisation_id): row.at
        for row in sorted(watched, key=lambda row: row.at)
    }
    add_timers(
        NewTimer(
            kind=ACKNOWLEDGEMENT_ENDS,
            subject_id=row.pk,
            organisation_id=row.organisation_id,
            incident_id=row.incident_id,
            due_at=newest[row.incident_id, row.organisation_id]
            + timedelta(minutes=after),
        )
        for row in watched
        if (after := minutes.get((row.incident_id, row.organisation_id)))
    )


def end_acknowledgements(rows: Iterable[Acknowledgement], *, now: datetime) -> None:
    """End these; where its owner has none left, an incident is open again.

    Paths that stand for several acknowledgements are looked at anew: also another
    organisation's may count on one of these. Requires the incidents locked.
    """
    ended = {row.pk: row.incident_id for row in rows}
    if not ended:
        return
    Acknowledgement.objects.filter(pk__in=ended).update(ended_at=now)
    left = Acknowledgement.objects.filter(
        incident=models.OuterRef("pk"),
        organisation=models.OuterRef("organisation"),
        ended_at=None,
    )
    Incident.objects.filter(
        ~models.Exists(left), pk__in=ended.values(), status=Status.ACKNOWLEDGED
    ).update(status=Status.OPEN)
    standing = Run.objects.filter(
        incident__in=ended.values(), state=RunState.ACKNOWLEDGED, needs_several=True
    )
    add_timers(acknowledgement_gone_timer(run, now=now) for run in standing)


def newest_runs(rows: Iterable[Acknowledgement | Timer]) -> models.QuerySet[Run]:
    """Return the newest run of each row's incident and organisation."""
    wanted = {(row.incident_id, row.organisation_id) for row in rows}
    found = Run.objects.filter(incident__in={i for i, _ in wanted}).order_by("pk")
    columns = found.values_list("incident_id", "organisation_id", "pk")
    newest = {(incident, organisation): pk for incident, organisation, pk in columns}
    return Run.objects.filter(
        pk__in=[pk for place, pk in newest.items() if place in wanted]
    )


def _timeouts(rows: Iterable[Acknowledgement]) -> dict[tuple[int, int], int | None]:
    return {
        (run.incident_id, run.organisation_id): run.version.body.get(
            "ack_timeout_minutes"
        )
        for run in newest_runs(rows).select_related("version")
    }
