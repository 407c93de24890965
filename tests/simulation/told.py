"""Reads back what the record says of messages and runs; its values are encrypted."""

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from datetime import datetime

from incidents.events.feed import read_fields
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


@dataclass
class Told:
    """What the private streams of a seed's incidents say."""

    # Message uid: how many entries of each kind.
    messages: dict[str, Counter] = field(default_factory=lambda: defaultdict(Counter))
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
            kind__regex="^(notification|run|clock)[.]",
        ).order_by("pk")
    )
    fields, told = read_fields(entries), Told()
    for entry in entries:
        found = fields[entry.pk]
        if entry.kind.startswith("notification."):
            told.messages[found["notification"]][entry.kind] += 1
        elif entry.kind.startswith("clock."):
            told.clocks[str(found["clock"])].append(entry.kind.removeprefix("clock."))
        elif "run" not in found:
            continue
        elif found["reason"].startswith(_SENT_ON):
            label = found["reason"].removeprefix(_SENT_ON).partition(":")[0]
            told.sent_on[found["run"]].append((entry.at, label))
            told.cuts[found["run"]].add(entry.at)
        elif any(why in found["reason"] for why in _CUT_SHORT):
            told.cuts[found["run"]].add(entry.at)
    return told
