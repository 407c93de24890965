"""Gives incidents their paths: entries that wait for the router become runs and shares.

The entry is a reason to look; what is done follows from the present state, read under
the incident's lock. A row whose incident somebody else holds stays for the next pass.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from escalation.policies.models import PolicyVersion
from escalation.routing.models import Route
from escalation.routing.rules import (
    Facts,
    Match,
    RouteRule,
    first_match,
    parse_matchers,
)
from escalation.runs.engine import NewRun, end_runs, start_runs
from escalation.runs.handlers import drop_steps
from escalation.runs.models import Run, RunState
from incidents.events.actor import Actor
from incidents.events.pending import claim, drop, register_consumer
from incidents.events.record import record, recording
from incidents.incident.shares import share_locked
from incidents.models import Incident, Organisation, Pending, Share

ROUTER: Final = "router"
KINDS: Final = (
    "incident.opened",
    "incident.shared",
    "incident.severity_changed",
    "incident.reopened",
)
BATCH: Final = 250
NO_ROUTE: Final = "no route matched and there is no default route"

Place = tuple[int, int]  # incident id, organisation id


@dataclass(slots=True)
class _Case:
    """One incident to be looked at for one organisation."""

    incident: Incident
    organisation: Organisation
    kinds: set[str]
    route: Route | None = None
    reason: str = ""


def register() -> None:
    """Register the router as a consumer; called when the app is ready."""
    register_consumer(ROUTER, kinds=KINDS)


def dispatch(now: datetime) -> int:
    """Route one batch of waiting entries; returns how many were dealt with."""
    with recording(now):
        rows = claim(ROUTER, limit=BATCH)
        incidents = _lock_free({row.incident_id for row in rows if row.incident_id})
        mine = [row for row in rows if row.incident_id in incidents]
        cases = _cases(mine, incidents)
        _find_routes(cases)
        _share(cases, now)
        _start(cases, now)
        drop(mine)
    return len(mine)


def _lock_free(ids: Iterable[int]) -> dict[int, Incident]:
    """Lock those incidents that nobody else holds, ids ascending."""
    rows = Incident.objects.filter(pk__in=set(ids)).order_by("pk")
    locked = rows.select_for_update(of=("self",), no_key=True, skip_locked=True)
    return {row.pk: row for row in locked.select_related("organisation", "source")}


def _cases(rows: Sequence[Pending], incidents: Mapping[int, Incident]) -> list[_Case]:
    """Return who must look at which incident: the owner, or agencies that see it now."""
    agencies: dict[int, set[int]] = {}
    shares = Share.objects.filter(incident__in=incidents, unshared_at=None)
    for incident_id, agency_id in shares.values_list("incident_id", "agency_id"):
        agencies.setdefault(incident_id, set()).add(agency_id)
    kinds: dict[Place, set[str]] = {}
    for row in rows:
        incident = incidents[row.incident_id or 0]
        seen_by = agencies.get(incident.pk, set())
        for organisation_id in _who_looks(row, incident, seen_by):
            kinds.setdefault((incident.pk, organisation_id), set()).add(row.kind)
    organisations = Organisation.objects.in_bulk({o for _, o in kinds})
    return [
        _Case(incidents[i], organisations[o], found)
        for (i, o), found in sorted(kinds.items())
        if not incidents[i].is_closed
    ]


def _who_looks(row: Pending, incident: Incident, seen_by: set[int]) -> set[int]:
    if row.kind == "incident.opened":
        return {incident.organisation_id}
    if row.kind == "incident.shared":
        return {row.agency_id or 0} & seen_by
    return {incident.organisation_id} | seen_by


def _find_routes(cases: Sequence[_Case]) -> None:
    """Set each case's first matching route, and why."""
    routes: dict[int, list[Route]] = {}
    rows = Route.objects.filter(organisation__in={c.organisation.pk for c in cases})
    for route in rows.select_related("policy").prefetch_related("share_with"):
        routes.setdefault(route.organisation_id, []).append(route)
    for case in cases:
        own = routes.get(case.organisation.pk, [])
        match = _match(own, case.incident)
        default = next((route for route in own if route.is_default), None)
        target = match.route.target if match.route else default
        case.route = target if isinstance(target, Route) else None
        case.reason = match.reason if case.route else NO_ROUTE


def _match(routes: Sequence[Route], incident: Incident) -> Match:
    rules = [
        RouteRule(route.position, parse_matchers(route.matchers), route)
        for route in routes
        if not route.is_default
    ]
    return first_match(rules, _facts(incident))


def _facts(incident: Incident) -> Facts:
    return Facts(
        organisation=incident.organisation.slug,
        category=incident.category,
        severity=incident.severity,
        source=incident.source.slug if incident.source else "",
        tlp=incident.tlp,
        labels=incident.labels,
    )


def _share(cases: Sequence[_Case], now: datetime) -> None:
    """Share with the agencies that the owner's route names."""
    wanted = [
        (case, agency)
        for case in cases
        if case.route and case.organisation.pk == case.incident.organisation_id
        for agency in case.route.share_with.all()
    ]
    if wanted:
        share_locked(
            [(case.incident, agency, case.reason) for case, agency in wanted],
            user=None,
            actors=[Actor.system(case.organisation) for case, _ in wanted],
            now=now,
        )


def _start(cases: Sequence[_Case], now: datetime) -> None:
    """Start a run where none is, and replace one whose route changed with the severity."""
    runs = _newest_runs(cases)
    versions = _newest_versions(cases)
    news, superseded = [], []
    for case in cases:
        run = runs.get((case.incident.pk, case.organisation.pk))
        version = versions.get(case.route.policy_id or 0) if case.route else None
        if version is None:
            _note_no_policy(case, run)
            continue
        if not _wants_new_run(case, run, version):
            continue
        if run is not None and run.state == RunState.ACTIVE:
            superseded.append(run)
        news.append(NewRun(case.incident, case.organisation, version, case.reason))
    if superseded:
        drop_steps(superseded)
        reason = "superseded: another route matches since the severity changed"
        end_runs(superseded, state=RunState.STOPPED, reason=reason, now=now)
    if news:
        start_runs(news, now=now)


def _wants_new_run(case: _Case, run: Run | None, version: PolicyVersion) -> bool:
    """Whether the present state asks for a run of this version.

    Somebody who has acknowledged is not paged again by a change of severity.
    """
    if run is None:
        return True
    if run.state in (RunState.STOPPED, RunState.EXHAUSTED):
        is_anew = bool(case.kinds & {"incident.reopened", "incident.shared"})
        return is_anew or run.version.policy_id != version.policy_id
    is_other = run.version.policy_id != version.policy_id
    return (
        run.state == RunState.ACTIVE
        and is_other
        and "incident.severity_changed" in case.kinds
    )


def _newest_runs(cases: Sequence[_Case]) -> dict[Place, Run]:
    rows = Run.objects.filter(incident__in={c.incident.pk for c in cases})
    related = ("incident__organisation", "organisation", "version__policy")
    return {
        (run.incident_id, run.organisation_id): run
        for run in rows.select_related(*related).order_by("pk")
    }


def _newest_versions(cases: Sequence[_Case]) -> dict[int, PolicyVersion]:
    ids = {
        case.route.policy_id for case in cases if case.route and case.route.policy_id
    }
    rows = PolicyVersion.objects.filter(policy__in=ids).select_related("policy")
    return {row.policy_id: row for row in rows.order_by("number")}


def _note_no_policy(case: _Case, run: Run | None) -> None:
    """Record that nobody is paged, and why; never silently."""
    if run is not None:
        return
    reason = (
        case.reason if case.route is None else f"{case.reason}; that route pages nobody"
    )
    record(
        "run.stopped",
        incident=case.incident,
        organisation_id=case.organisation.pk,
        actor=Actor.system(case.organisation),
        body={"reason": reason},
    )
