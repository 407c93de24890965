"""Gives incidents their paths: entries that wait for the router become runs and shares.

The entry is a reason to look; what is done follows from the present state, read under
the incident's lock. A row whose incident somebody else holds stays for the next pass.
One that cannot be routed becomes a timer, which comes back with backoff and an alarm,
so that it never holds up the others.
"""

import traceback
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import structlog

from escalation.policies.matchers import parse_matchers
from escalation.policies.models import PolicyVersion
from escalation.policies.versions import versions_in_force
from escalation.routing.models import Route
from escalation.routing.rules import Match, RouteRule, first_match
from escalation.runs.engine import NewRun, end_runs, start_runs
from escalation.runs.handlers import drop_steps
from escalation.runs.letting_go import let_go
from escalation.runs.models import LIVE, Run, RunState
from escalation.runs.surroundings import incident_facts
from incidents.events.actor import Actor
from incidents.events.pending import claim, drop, register_consumer
from incidents.events.record import record, recording
from incidents.incident.shares import share_locked
from incidents.models import Entry, Incident, Organisation, Pending, Share, Timer
from incidents.timers.schedule import NewTimer, add_timers, register_handler

ROUTER: Final = "router"
SEVERITY: Final = "incident.severity_changed"
KINDS: Final = (
    "incident.opened",
    "incident.shared",
    SEVERITY,
    "incident.reopened",
)
BATCH: Final = 250
# These start a path from its first step, whatever became of the one before.
_STARTS_ANEW: Final = frozenset({"incident.shared", "incident.reopened"})
AGAIN: Final = "routing.again"
NO_ROUTE: Final = "no route matched and there is no default route"

log = structlog.get_logger(__name__)

Place = tuple[int, int]  # incident id, organisation id


@dataclass(slots=True)
class _Case:
    """One incident to be looked at for one organisation."""

    incident: Incident
    organisation: Organisation
    kinds: set[str]
    anew_since: datetime | None = None
    route: Route | None = None
    reason: str = ""


def register() -> None:
    """Register the router as a consumer; called when the app is ready."""
    register_consumer(ROUTER, kinds=KINDS)
    register_handler(AGAIN, route_again)


def dispatch(now: datetime) -> int:
    """Route one batch of waiting entries; returns how many were dealt with."""
    claimed: list[int] = []
    try:
        return _dispatch(None, now, claimed)
    except Exception as error:
        if not claimed:
            raise
        # The error's own text can quote rows: only its class and place are logged.
        log.warning(
            "routing_failed",
            error=type(error).__name__,
            stack=traceback.format_tb(error.__traceback__),
            count=len(claimed),
        )
    return sum(_dispatch_alone(pk, now) for pk in claimed)


def route_again(timers: Sequence[Timer], now: datetime) -> None:
    """Route what could not be routed before; the incidents are locked."""
    entries = Entry.objects.in_bulk([timer.subject_id for timer in timers])
    rows = [
        Pending(
            entry=entries[timer.subject_id],
            kind=entries[timer.subject_id].kind,
            incident_id=timer.incident_id,
            organisation_id=timer.organisation_id,
            agency_id=timer.payload.get("agency"),
        )
        for timer in timers
    ]
    _route(rows, _lock_free({row.incident_id or 0 for row in rows}), now)


def _dispatch(only: int | None, now: datetime, claimed: list[int]) -> int:
    """Route a batch, or one row alone; notes in `claimed` which rows it took."""
    with recording(now):
        rows = claim(ROUTER, limit=BATCH, only=only)
        incidents = _lock_free({row.incident_id for row in rows if row.incident_id})
        mine = [row for row in rows if row.incident_id in incidents]
        claimed.extend(row.pk for row in mine)
        _route(mine, incidents, now)
        drop(mine)
    return len(mine)


def _dispatch_alone(pk: int, now: datetime) -> int:
    try:
        return _dispatch(pk, now, [])
    except Exception as error:
        log.warning("routing_failed", error=type(error).__name__, pending=pk)
        return _set_apart(pk, now)


def _set_apart(pk: int, now: datetime) -> int:
    """Make a timer of a row that cannot be routed; whoever claims the row does it."""
    with recording(now):
        rows = claim(ROUTER, limit=1, only=pk)
        add_timers(
            NewTimer(
                kind=AGAIN,
                subject_id=row.entry_id,
                organisation_id=row.actor_id,
                incident_id=row.incident_id,
                due_at=now,
                payload={"agency": row.agency_id} if row.agency_id else {},
            )
            for row in rows
        )
        drop(rows)
    return len(rows)


def _route(
    rows: Sequence[Pending], incidents: Mapping[int, Incident], now: datetime
) -> None:
    cases = _cases(rows, incidents)
    _find_routes(cases)
    _share(cases, now)
    _start(cases, now)
    let_go(
        {r.incident_id for r in rows if r.kind == SEVERITY and r.incident_id}, now=now
    )


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
    found: dict[Place, list[Pending]] = {}
    for row in rows:
        incident = incidents[row.incident_id or 0]
        seen_by = agencies.get(incident.pk, set())
        for organisation_id in _who_looks(row, incident, seen_by):
            found.setdefault((incident.pk, organisation_id), []).append(row)
    organisations = Organisation.objects.in_bulk({o for _, o in found})
    instants = _instants(rows)
    return [
        _Case(
            incidents[i],
            organisations[o],
            {row.kind for row in reasons},
            max(
                (instants[r.entry_id] for r in reasons if r.kind in _STARTS_ANEW),
                default=None,
            ),
        )
        for (i, o), reasons in sorted(found.items())
        if not incidents[i].is_closed
    ]


def _instants(rows: Sequence[Pending]) -> dict[int, datetime]:
    entries = Entry.objects.filter(pk__in={row.entry_id for row in rows})
    return dict(entries.values_list("pk", "at"))


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
    source = incident.source.slug if incident.source else ""
    return first_match(rules, incident_facts(incident, source=source))


def _share(cases: Sequence[_Case], now: datetime) -> None:
    """Share with the agencies that the owner's route names.

    With one that had a share before nothing is done: it lasts, or a person ended it.
    """
    shares = Share.objects.filter(incident__in={case.incident.pk for case in cases})
    had = set(shares.values_list("incident_id", "agency_id"))
    wanted = [
        (case, agency)
        for case in cases
        if case.route and case.organisation.pk == case.incident.organisation_id
        for agency in case.route.share_with.all()
        if (case.incident.pk, agency.pk) not in had
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
    versions = _versions_in_force(cases)
    _note_routed(cases, runs, versions)
    news, superseded = [], []
    for case in cases:
        run = runs.get((case.incident.pk, case.organisation.pk))
        version = versions.get(case.route.policy_id or 0) if case.route else None
        if version is None:
            _note_no_policy(case, run)
            continue
        if not _wants_new_run(case, run, version):
            continue
        if run is not None and run.state in LIVE:
            superseded.append(run)
        news.append(
            NewRun(
                case.incident,
                case.organisation,
                version,
                case.reason,
                routed_policy_id=version.policy_id,
            )
        )
    if superseded:
        drop_steps(superseded)
        reason = "superseded: the incident was routed anew"
        end_runs(superseded, state=RunState.STOPPED, reason=reason, now=now)
    if news:
        start_runs(news, now=now)


def _note_routed(
    cases: Sequence[_Case],
    runs: Mapping[Place, Run],
    versions: Mapping[int, PolicyVersion],
) -> None:
    """Note what the route means on runs that a person began before anybody routed."""
    early = []
    for case in cases:
        run = runs.get((case.incident.pk, case.organisation.pk))
        policy_id = case.route.policy_id if case.route else None
        if run and run.routed_policy_id is None and policy_id in versions:
            run.routed_policy_id = policy_id
            early.append(run)
    if early:
        Run.objects.bulk_update(early, ["routed_policy"])


def _wants_new_run(case: _Case, run: Run | None, version: PolicyVersion) -> bool:
    """Whether the present state asks for a run of this version.

    Somebody who has acknowledged is not paged again by a change of severity.
    """
    if run is None:
        return True
    if _begins_anew(case, run):
        return True
    # A jump or a person may have led from what the route meant to what is at work.
    if version.policy_id in (run.version.policy_id, run.routed_policy_id):
        return False
    if run.state in (RunState.STOPPED, RunState.EXHAUSTED):
        return True
    return run.state in (RunState.ACTIVE, RunState.SNOOZED) and SEVERITY in case.kinds


def _begins_anew(case: _Case, run: Run) -> bool:
    """Tell whether the case asks for a new path; one begun since then by a person stays."""
    return case.anew_since is not None and run.started_at <= case.anew_since


def _newest_runs(cases: Sequence[_Case]) -> dict[Place, Run]:
    rows = Run.objects.filter(incident__in={c.incident.pk for c in cases})
    related = ("incident__organisation", "organisation", "version__policy")
    return {
        (run.incident_id, run.organisation_id): run
        for run in rows.select_related(*related).order_by("pk")
    }


def _versions_in_force(cases: Sequence[_Case]) -> dict[int, PolicyVersion]:
    return versions_in_force(
        {case.route.policy_id for case in cases if case.route and case.route.policy_id}
    )


def _note_no_policy(case: _Case, run: Run | None) -> None:
    """Record that nobody is paged, and why, unless a path is at work or that was said."""
    if run is not None and (run.state in LIVE or not _begins_anew(case, run)):
        return
    reason = case.reason
    if case.route is not None:
        reason += "; that route pages nobody"
    if case.route is not None and case.route.policy is not None:
        reason += f": no version of {case.route.policy.name} is approved yet"
    record(
        "run.stopped",
        incident=case.incident,
        organisation_id=case.organisation.pk,
        actor=Actor.system(case.organisation),
        body={"reason": reason},
    )
