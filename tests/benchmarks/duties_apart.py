"""Looks at many statutory clocks in a process of its own; figures on stdout.

The orders say how many, at which instant, and from which instants they count; in the end
each due date is compared with the pure counting.
"""

import json
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from itertools import cycle

import django

django.setup()

from django.db import connection

from escalation.duties.looking import (
    REGIME_CHANGED,
    ask_to_look_at,
)
from escalation.lawbook.registry import digest_of
from escalation.loop import fire_due
from escalation.models import (
    AnchorValue,
    LegalProfile,
    RegimeText,
    StatutoryClock,
)
from escalation.regimes.deadlines import Place, deadline
from escalation.regimes.reading import read_regime
from incidents.events.record import recording
from incidents.models import Incident, Organisation
from incidents.timers.schedule import add_timer
from tests import factories as make

TOGETHER = 500
REGIME = "bench-framework"
HEAD = f"""
id = "{REGIME}"
name = "A framework"
jurisdiction = "Nowhere"
act = "A framework"
article = "1"
source_url = "https://framework.example/"
verified_on = 2026-11-23
basis = "recalled"
status = "in_force"
zone = "Europe/Brussels"
calendar = "BE"
scope = "Everybody."
"""
STAGE = """
[[stages]]
id = "report_{number}"
name = "Report {number}"
trigger = "It happened."
recipient = "Whom it concerns"
citation = "1({number})"
basis = "recalled"
statutory = "regulation_1182_71"
terms = [{{ start = ["aware"], length = {days}, unit = "days" }}]
"""


def main() -> None:
    """Measure and print."""
    orders = json.load(sys.stdin)
    now = datetime.fromisoformat(orders["now"])
    aware = [datetime.fromisoformat(one) for one in orders["aware"]]
    lab = make.lab("bench-duties")
    _lay_down(lab, orders["stages"], days=20, now=now)
    LegalProfile.objects.create(organisation=lab, regimes={REGIME: {}}, changed_at=now)
    places = [(pk, lab.pk) for pk in _incidents(lab, orders["incidents"], aware, now)]
    first = _seconds_of(lambda: ask_to_look_at(places, now), now)
    again = _seconds_of(lambda: ask_to_look_at(places, now), now)
    text = _lay_down(lab, orders["stages"], days=15, now=now)
    seconds = _seconds_of(lambda: _change(lab, now), now)
    figures = {
        "wrong": _wrong(text, aware),
        "first": first,
        "again": again,
        "seconds": seconds,
        "moved": StatutoryClock.objects.filter(moves=1).count(),
        "raw": _raw_seconds(),
    }
    json.dump(figures, sys.stdout)


def _wrong(text: str, aware: Sequence[datetime]) -> int:
    """Return how many clocks have another date than the pure counting gives."""
    regime = read_regime(text, file=REGIME)
    place = Place(regime.zone, regime.calendar)
    rows = StatutoryClock.objects.values_list(
        "stage", "counted_from", "due_operational", "due_statutory_latest"
    )
    counted: dict[object, object] = {}
    for at in aware:
        for stage in regime.stages:
            found = deadline(regime, stage, {"aware": [at]}, place)
            due, latest = found.due_operational, found.due_statutory_latest
            counted[stage.id, at] = (
                due and due.astimezone(UTC),
                latest and latest.astimezone(UTC),
            )
    return sum(counted[stage, at] != (due, latest) for stage, at, due, latest in rows)


def _change(lab: Organisation, now: datetime) -> None:
    add_timer(
        kind=REGIME_CHANGED,
        subject_id=0,
        organisation_id=lab.pk,
        due_at=now,
        payload={"regime": REGIME},
    )


def _lay_down(lab: Organisation, stages: int, *, days: int, now: datetime) -> str:
    """Make a text the current one; its stages are due from so many days on."""
    text = HEAD + "".join(
        STAGE.format(number=n, days=days + n) for n in range(1, stages + 1)
    )
    own = RegimeText.objects.filter(organisation=lab)
    own.update(is_current=False)
    RegimeText.objects.create(
        organisation=lab,
        regime_id=REGIME,
        digest=digest_of(text),
        text=text,
        created_at=now,
    )
    return text


def _incidents(
    lab: Organisation, count: int, aware: Sequence[datetime], now: datetime
) -> Iterator[int]:
    """Open incidents of which the lab is aware, many in one transaction."""
    instants = cycle(aware)
    for begin in range(0, count, TOGETHER):
        with recording(now):
            made = [
                make.incident(lab, now=now) for _ in range(min(TOGETHER, count - begin))
            ]
        AnchorValue.objects.bulk_create(
            _aware(incident, next(instants), now) for incident in made
        )
        yield from (incident.pk for incident in made)


def _aware(incident: Incident, at: datetime, now: datetime) -> AnchorValue:
    return AnchorValue(
        incident=incident,
        organisation_id=incident.organisation_id,
        name="aware",
        at=at,
        written=at.isoformat(),
        source="bench",
        created_at=now,
    )


def _seconds_of(ask: Callable[[], None], now: datetime) -> float:
    """Return how long the loop takes until nothing is due any more."""
    began = time.perf_counter()
    ask()
    while fire_due(now):
        pass
    return time.perf_counter() - began


def _raw_seconds() -> float:
    """Return what writing as many due dates costs the database alone."""
    began = time.perf_counter()
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE tocsin_statutory_clock"
            " SET due_operational = due_operational + interval '1 day'"
        )
    return time.perf_counter() - began


if __name__ == "__main__":
    main()
