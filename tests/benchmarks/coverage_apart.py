"""Works coverage out in a process of its own; orders on stdin, figures on stdout."""

import json
import sys
import time
import timeit
from datetime import time as clock
from datetime import timedelta
from typing import Any

import django

django.setup()

from escalation.policies.steps import Target, parse_policy
from escalation.runs.decide import decide
from escalation.runs.simulation.asking import cover
from escalation.runs.simulation.timeline import PolicyTimeline
from escalation.runs.simulation.world import Subject
from escalation.runs.situation import Facts, Recipient, RunState
from incidents.models import Organisation
from tests import factories as make
from tests.factories import NOW

SCHEDULES = 5


def main() -> None:
    """Measure and print."""
    orders = json.load(sys.stdin)
    lab = _world(orders["policies"])
    rounds, count = [], 0
    for _ in range(orders["rounds"]):
        began = time.perf_counter()
        found = list(cover(lab, start=NOW, days=orders["days"]))
        seconds = time.perf_counter() - began
        began = time.perf_counter()
        end = NOW + timedelta(days=orders["days"])
        PolicyTimeline.load(lab, Subject(), start=NOW, end=end)
        rounds.append({"seconds": seconds, "reading": time.perf_counter() - began})
        count = sum(len(one.found) for one in found)
    figures = {"rounds": rounds, "stretches": count, **_decide()}
    json.dump(figures, sys.stdout)


def _world(policies: int) -> Organisation:
    lab = make.lab("bench-coverage")
    people = [make.person(lab, f"p{n}@bench.example") for n in range(10)]
    for person in people:
        make.contact(lab, person, slug="mail")
        make.rules(
            lab,
            person,
            normal=[{"method": "mail", "after_minutes": 2}],
            zone="Europe/Berlin",
            quiet={"from": "23:00", "to": "06:30"},
        )
    make.calendar(lab, slug="office", zone="Europe/Berlin")
    for number in range(SCHEDULES):
        duty = make.schedule(lab, f"duty-{number}", zone="Europe/Berlin")
        make.rotation(duty, *people[number : number + 3])
        make.rotation(
            duty, *people[:3], unit="day", active_from=clock(8), active_until=clock(20)
        )
        make.rotation(duty, *people[5:8], unit="hour", every=12, weekdays=[5, 6])
    for number in range(policies):
        make.policy(lab, *_steps(number), slug=f"policy-{number}", promise_minutes=30)
    return lab


def _steps(number: int) -> list[dict[str, Any]]:
    schedule = {"schedule": f"duty-{number % SCHEDULES}"}
    inside = [make.notify(schedule), make.wait(5)]
    outside = [{"kind": "wait_until", "calendar": "office"}, make.notify(schedule)]
    office = {"field": "calendar", "op": "=", "value": "office"}
    grave = {"field": "severity", "op": ">=", "value": 4}
    return [
        {"kind": "if", "when": [grave], "then": [make.notify(schedule)]},
        {"kind": "if", "when": [office], "then": inside, "else": outside},
        make.wait(10 + number % 7),
        make.notify({"user": "p9@bench.example"}),
    ]


def _decide() -> dict[str, float]:
    notify = {"kind": "notify", "targets": [{"team": "duty"}]}
    share = {"kind": "share", "agency": "naisa"}
    raised = {"kind": "raise_severity", "to": 5}
    steps = [notify, share, notify, raised, notify, share, notify, raised, notify]
    plan = parse_policy({"steps": [*steps, {"kind": "wait", "minutes": 5}]})
    person = Recipient("Ann", 1, "email", "ann@bench.example", 1, user_id=1)
    reach = {
        (Target("team", "duty"), is_urgent): (person,) for is_urgent in (True, False)
    }
    facts = Facts(plan=plan, reach=reach, agencies=frozenset({"naisa"}))
    state = RunState(0, 1, NOW)
    assert len(decide(state, facts, NOW).actions) == 10
    took = min(timeit.repeat(lambda: decide(state, facts, NOW), number=2000, repeat=5))
    loop = min(timeit.repeat(lambda: [None for _ in range(10)], number=2000, repeat=5))
    return {"decide_us": took / 2000 * 1e6, "loop_us": loop / 2000 * 1e6}


if __name__ == "__main__":
    main()
