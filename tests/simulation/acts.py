"""What actors do: the tasks of the workers, and the deeds of people and tools.

Each returns production calls with the simulator's instant; nothing here has a way of
its own around production code.
"""

import json
from collections.abc import Callable
from concurrent.futures import Executor, Future
from datetime import datetime
from typing import Any

from escalation.clocks.handlers import follow
from escalation.duties.following import follow as follow_duties
from escalation.loop import fire_due
from escalation.notifications.delivery import deliver_due
from escalation.routing.dispatch import dispatch
from escalation.runs.engine import escalate
from incidents.errors import BadInput, NotPossible
from incidents.events.actor import Actor as Who
from incidents.incident import lifecycle
from incidents.incident.models import AcknowledgedVia
from incidents.incident.opening import NewIncident, open_incident
from incidents.incident.shares import share, unshare
from incidents.intake.process import process_batch
from incidents.intake.receive import store_deliveries
from incidents.models import Incident
from tests.simulation.worlds import Deed, World

# A pass of a worker ends after so many batches at the latest.
_BATCHES = 20
REFUSALS = (BadInput, NotPossible)

Clock = Callable[[], datetime]


class InTheirOwnThread(Executor):
    """Runs each send at once, in the thread of the actor that asks for it."""

    def submit(self, fn, /, *args, **kwargs):
        future: Future = Future()
        try:
            future.set_result(fn(*args, **kwargs))
        except Exception as error:
            future.set_exception(error)
        return future


def tasks(clock: Clock) -> dict[str, Callable[[], int]]:
    """Return what the doorbell rings for, by consumer."""
    return {
        "intake": lambda: _repeat(process_batch, clock),
        # One task rings for all three, as in the loop.
        "router": lambda: sum(
            _repeat(step, clock) for step in (dispatch, follow, follow_duties)
        ),
        "timers": lambda: _repeat(fire_due, clock),
        "delivery": lambda: deliver_due(clock, senders=InTheirOwnThread()),
    }


def _repeat(step: Callable[[datetime], int], clock: Clock) -> int:
    done = 0
    for _ in range(_BATCHES):
        count = step(clock())
        done += count
        if not count:
            break
    return done


def report(world: World, deed: Deed, clock: Clock) -> Callable[[], object]:
    """Return a person's report of an incident."""
    user = world.people[world.lab.pk][0]
    new = NewIncident(
        organisation_id=world.lab.pk,
        title=f"Report {deed.number}",
        category="WGT",
        severity=2 + deed.number % 4,
        reported_by=user,
    )
    who = Who.of(user, world.lab)
    return lambda: open_incident(new, actor=who, now=clock())


def alert(
    world: World, group: int, *, status: str, clock: Clock
) -> Callable[[], object]:
    """Return a tool's delivery about one of a few things that it watches."""

    def post() -> object:
        at = clock().isoformat()
        body = {
            "title": f"Thing {group}",
            "dedup_key": f"thing-{group}",
            "status": status,
            "severity": ("critical", "high", "medium")[group % 3],
            ("started_at" if status == "firing" else "ended_at"): at,
        }
        return store_deliveries(world.source, [json.dumps(body).encode()])

    return post


def garbage(world: World) -> Callable[[], object]:
    """Return a delivery that nobody can read."""
    return lambda: store_deliveries(world.source, [b"\xff{not json"])


def act_on(
    world: World, deed: Deed, incident: Incident, clock: Clock, luck: float
) -> Callable[[], object]:
    """Return what a person does to an incident. It may be refused, as in life."""
    is_agencys = luck < 0.3
    organisation = world.agency if is_agencys else world.lab
    people = world.people[organisation.pk]
    user = people[int(luck * 1000) % len(people)]
    who = Who.of(user, organisation)
    owner = world.people[world.lab.pk][0]
    owner_is: dict[str, Any] = {"user": owner, "actor": Who.of(owner, world.lab)}

    def acknowledge() -> object:
        return lifecycle.acknowledge(
            incident,
            organisation=organisation,
            user=user,
            via=AcknowledgedVia.PAGE,
            actor=who,
            now=clock(),
        )

    def comment() -> object:
        return lifecycle.comment(
            incident,
            text="Seen.",
            is_shared=luck < 0.5,
            organisation=organisation,
            user=user,
            actor=who,
            now=clock(),
        )

    def put_to_work() -> object:
        return escalate(
            incident, organisation=organisation, policy=None, actor=who, now=clock()
        )

    def change_severity() -> object:
        level = int(luck * 100) % 6
        return lifecycle.change_severity(
            incident, severity=level, reason="Changed.", now=clock(), **owner_is
        )

    by_kind: dict[str, Callable[[], object]] = {
        "acknowledge": acknowledge,
        "comment": comment,
        "escalate": put_to_work,
        "severity": change_severity,
        "resolve": lambda: lifecycle.resolve(
            incident, reason="Done.", now=clock(), **owner_is
        ),
        "reopen": lambda: lifecycle.reopen(
            incident, reason="Not done.", now=clock(), **owner_is
        ),
        "share": lambda: share(
            incident, agency=world.agency, reason="Asked.", now=clock(), **owner_is
        ),
        "unshare": lambda: unshare(
            incident, agency=world.agency, reason="Over.", now=clock(), **owner_is
        ),
    }
    return by_kind[deed.kind]
