"""Recompute deadlines from the record, as whoever gets a bundle does it offline."""

from collections.abc import Collection, Iterator
from uuid import UUID

from incidents.events.feed import read_fields
from incidents.ledger.canonical import format_at
from incidents.ledger.verify.deadlines import Deadlines
from incidents.ledger.verify.entries import Seen
from incidents.ledger.verify.heads import Bounds
from incidents.ledger.verify.instants import milliseconds
from incidents.ledger.verify.verdict import Rejected
from incidents.models import Entry


def contradictions(stream_ids: Collection[UUID]) -> Iterator[str]:
    """Yield for each stream what its entries contradict of each other's deadlines."""
    for stream_id in stream_ids:
        try:
            recomputed = recompute(stream_id)
        except Rejected as rejected:
            yield str(rejected)
        else:
            yield from (
                f"{one.doubt.name}: entry {one.seq}: {one.detail}"
                for one in recomputed.findings
            )


def recompute(stream_id: UUID) -> Deadlines:
    """Return the clocks as a stream's entries leave them. Raises Rejected."""
    deadlines = Deadlines(Bounds([]), has_witnesses=False)
    entries = list(Entry.objects.filter(stream=stream_id).order_by("seq"))
    fields = read_fields(entries)
    for entry in entries:
        deadlines.see(
            Seen(
                index=entry.pk,
                stream=stream_id,
                seq=entry.seq,
                kind=entry.kind,
                hash=b"",
                prev=b"",
                at_ms=milliseconds(format_at(entry.at)),
                fields={"body": fields[entry.pk]},
                withheld={},
            )
        )
    deadlines.finish(0)
    return deadlines
