"""Reads back what the record says of messages and runs; its values are encrypted."""

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from incidents.events.feed import read_fields
from incidents.events.models import AudienceStream
from incidents.models import Entry
from tests.simulation.worlds import World

# Why a wait may end before its time.
_CUT_SHORT = (
    "no message of this step was delivered",
    "every message of this step failed",
    "taken up again",
    "cannot",
)


_SENT_ON = "sent on to step "


@dataclass(frozen=True)
class Line:
    """One entry, and its place in its stream."""

    stream: UUID
    seq: int
    at: datetime
    kind: str
    said: dict[str, Any]


@dataclass
class Told:
    """What the private streams of a seed's incidents say."""

    # Message uid: how many entries of each kind.
    messages: dict[str, Counter] = field(default_factory=lambda: defaultdict(Counter))
    # Message uid: its entries, in order.
    letters: dict[str, list[Line]] = field(default_factory=lambda: defaultdict(list))
    # Run uid: its entries, in order.
    runs: dict[str, list[Line]] = field(default_factory=lambda: defaultdict(list))
    # Incident and organisation whose record it is: what happened to the incident.
    incidents: dict[tuple[int, int], list[Line]] = field(
        default_factory=lambda: defaultdict(list)
    )
    # Run uid: when its wait was cut short for a recorded reason.
    cuts: dict[str, set[datetime]] = field(default_factory=lambda: defaultdict(set))
    # Run uid: when a breached clock sent it on, and to which step.
    sent_on: dict[str, list[tuple[datetime, str]]] = field(
        default_factory=lambda: defaultdict(list)
    )
    # Clock: what was said of it, in order.
    clocks: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))


def read_told(world: World) -> Told:
    """Read the private streams of all incidents."""
    entries = list(
        Entry.objects.filter(
            stream__audience__incident__organisation=world.lab,
            stream__audience__purpose="private",
            kind__regex="^(incident|notification|run|clock)[.]",
        ).order_by("pk")
    )
    audiences = AudienceStream.objects.filter(incident__organisation=world.lab)
    places = {
        stream: (incident, organisation)
        for stream, incident, organisation in audiences.values_list(
            "stream", "incident", "organisation"
        )
    }
    fields, told = read_fields(entries), Told()
    for entry in entries:
        line = Line(entry.stream_id, entry.seq, entry.at, entry.kind, fields[entry.pk])
        if entry.kind.startswith("notification."):
            told.messages[line.said["notification"]][entry.kind] += 1
            told.letters[line.said["notification"]].append(line)
        elif entry.kind.startswith("clock."):
            kind = entry.kind.removeprefix("clock.")
            told.clocks[str(line.said["clock"])].append(kind)
        elif entry.kind.startswith("incident."):
            told.incidents[places[entry.stream_id]].append(line)
        elif "run" in line.said:
            _note_run(told, line)
    return told


def _note_run(told: Told, line: Line) -> None:
    run, reason = line.said["run"], line.said.get("reason", "")
    told.runs[run].append(line)
    if reason.startswith(_SENT_ON):
        label = reason.removeprefix(_SENT_ON).partition(":")[0]
        told.sent_on[run].append((line.at, label))
        told.cuts[run].add(line.at)
    elif line.kind == "run.passed_on" or any(why in reason for why in _CUT_SHORT):
        told.cuts[run].add(line.at)
