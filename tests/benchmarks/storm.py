"""From the POST to the notification at a receiver: storms, and one alert at a time."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from tests.benchmarks.figures import Row, median_of
from tests.benchmarks.running import ALERTMANAGER, Failed, Running, whole

WARM_UP = 50
ROUNDS = 3
LIMIT_COUNT = 2000
LAST_PROCESSED = "SELECT extract(epoch FROM max(processed_at)) FROM tocsin_delivery"
WAITING = "SELECT count(*) FROM tocsin_delivery WHERE state = 'pending'"


@dataclass(frozen=True, slots=True)
class Storm:
    """How many alerts are posted, and how many incidents they are about."""

    alerts: int
    incidents: int


def storm_rows() -> Iterator[Row]:
    """Measure 2,000 alerts about 200 incidents."""
    yield _row(
        Storm(2000, 200),
        what="storm: 2,000 alerts over 200 incidents → notification delivered",
        reach="≥ 300 alerts/s end to end",
        unit="alerts",
    )


def singles_rows() -> Iterator[Row]:
    """Measure 500 alerts that are an incident each."""
    yield _row(
        Storm(500, 500),
        what="1 alert → 1 incident, 1 run, 1 notification, 500 of them",
        reach="≥ 100 incidents/s end to end",
        unit="incidents",
    )


def many_rows() -> Iterator[Row]:
    """Measure 2,000 alerts that are an incident and a notification each."""
    yield _row(
        Storm(2000, 2000),
        what="2,000 incidents, one policy step each with a webhook",
        reach="≥ 150 notifications/s end to end",
        unit="notifications",
    )


def _row(storm: Storm, *, what: str, reach: str, unit: str) -> Row:
    with whole() as running, running.empty_view() as empty:
        blow(running, Storm(WARM_UP, WARM_UP), name="warm")
        rounds, empties, raws = [], [], []
        for number in range(ROUNDS):
            raws.append(running.raw_inserts(LIMIT_COUNT))
            empties.append(running.send("/empty", "{}", LIMIT_COUNT, port=empty))
            rounds.append(blow(running, storm, name=str(number)))
    rate, view = median_of(rounds, "rate"), median_of(empties, "rate")
    cpu = {
        part: median_of([r["cpu"] for r in rounds], part) for part in rounds[0]["cpu"]
    }
    parts = ", ".join(f"{part} {ms:.1f}" for part, ms in cpu.items() if ms >= 0.05)
    return Row(
        what=what,
        reach=reach,
        measured=f"{rate:.0f} {unit}/s",
        limit=f"empty view {view:.0f}/s; raw inserts {median_of(raws, 'rate'):.0f}/s",
        ratio=f"{rate / view:.1%} of the view",
        how=f"median of {ROUNDS} rounds; CPU ms for one of the {unit}: "
        f"{sum(cpu.values()):.1f} ({parts})",
    )


def blow(running: Running, storm: Storm, *, name: str) -> dict[str, Any]:
    """Post a storm and wait for its end; every incident must be notified once."""
    before, cpu_before = len(running.arrivals()), running.cpu()
    sent = running.send(
        ALERTMANAGER, alert_body(name), storm.alerts, groups=storm.incidents
    )
    running.eventually(
        "every alert processed, every incident notified",
        lambda: (
            running.received() >= before + storm.incidents
            and running.value(WAITING) == 0
        ),
    )
    arrivals = running.arrivals()[before:]
    ended_at = max(arrivals[-1][1], float(running.value(LAST_PROCESSED)))
    _check(running, storm, name=name, ids=[uid for uid, _ in arrivals])
    seconds = ended_at - sent["began_at"]
    cpu = {
        part: (used - cpu_before.get(part, 0.0)) * 1000 / storm.alerts
        for part, used in running.cpu().items()
    }
    return {
        "rate": storm.alerts / seconds,
        "seconds": seconds,
        "cpu": cpu,
        "posted_seconds": sent["seconds"],
    }


def _check(running: Running, storm: Storm, *, name: str, ids: list[str]) -> None:
    found = running.sql(
        "SELECT count(DISTINCT i.id), count(DISTINCT a.id), count(DISTINCT n.uid) "
        "FROM tocsin_alert a JOIN tocsin_incident i ON i.id = a.incident_id "
        "LEFT JOIN tocsin_notification n ON n.incident_id = i.id AND n.uid = ANY(%s) "
        "WHERE a.labels->>'storm' = %s",
        ids,
        name,
    )[0]
    if found != (storm.incidents, storm.alerts, storm.incidents) or len(
        set(ids)
    ) != len(ids):
        raise Failed(f"incidents, alerts, notifications: {found}, {len(ids)} came")


def alert_body(name: str) -> str:
    """Return an Alertmanager body; NUMBER and GROUP are filled in by the load."""
    labels = {"alertname": f"storm-{name}-GROUP", "storm": name, "host": "gpu-NUMBER"}
    return json.dumps(
        {
            "version": "4",
            "groupKey": f'{{}}:{{alertname="storm-{name}-GROUP"}}',
            "status": "firing",
            "receiver": "tocsin",
            "groupLabels": {"alertname": f"storm-{name}-GROUP"},
            "commonLabels": labels,
            "commonAnnotations": {},
            "externalURL": "",
            "alerts": [
                {
                    "status": "firing",
                    "labels": {**labels, "severity": "critical"},
                    "annotations": {"summary": "gpu-NUMBER sends to an unknown host"},
                    "startsAt": "2026-11-23T02:00:00Z",
                    "endsAt": "0001-01-01T00:00:00Z",
                    "generatorURL": "",
                    "fingerprint": f"{name}-NUMBER",
                }
            ],
        }
    )
