"""Reads back what the record says of each message."""

from collections import Counter, defaultdict

from incidents.events.feed import read_fields
from incidents.models import Entry
from tests.simulation.worlds import World


def told_of_messages(world: World) -> dict[str, Counter]:
    """Return {message uid: {kind of entry: how many}} from the private streams."""
    entries = list(
        Entry.objects.filter(
            stream__audience__incident__organisation=world.lab,
            stream__audience__purpose="private",
            kind__startswith="notification.",
        )
    )
    fields = read_fields(entries)
    told: dict[str, Counter] = defaultdict(Counter)
    for entry in entries:
        told[fields[entry.pk]["notification"]][entry.kind] += 1
    return told
