"""Which streams an event goes to, found or made in a fixed number of statements."""

import uuid
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from django.db import models

from incidents.events.models import AudienceStream, Purpose
from incidents.ledger.append import make_streams

if TYPE_CHECKING:
    from incidents.events.record import Event


@dataclass(frozen=True, slots=True)
class StreamKey:
    """The audience of a stream: one organisation, or an owner and an agency."""

    purpose: str
    incident_id: int | None
    organisation_id: int
    agency_id: int | None = None


@dataclass(slots=True)
class Streams:
    """The streams of a batch of events."""

    ids: dict[StreamKey, uuid.UUID]
    pairs: dict[int, list[tuple[StreamKey, datetime | None]]]

    @classmethod
    def load(cls, events: Sequence["Event"]) -> "Streams":
        """Read the streams that the events need and make those that are missing."""
        streams = cls({}, {})
        streams._read({_own_key(event) for event in events})
        wanted = {key for event in events for key in streams.keys_for(event)}
        if missing := sorted(wanted - streams.ids.keys(), key=repr):
            make_audience_streams(missing)
            streams._read(missing)
        return streams

    def id_of(self, key: StreamKey) -> uuid.UUID:
        """Return the id of a stream that `keys_for` named."""
        return self.ids[key]

    def keys_for(self, event: "Event") -> Iterator[StreamKey]:
        """Yield the acting organisation's own stream, then those of the other sides.

        That is their pair stream, once it is closed the other side's own for what
        outlives the share.
        """
        yield _own_key(event)
        if event.kind.shared is None or event.is_internal or event.incident_id is None:
            return
        acts_as_owner = event.organisation_id == event.owner_id
        only = event.agency_id if acts_as_owner else event.organisation_id
        for pair, closed_at in self.pairs.get(event.incident_id, []):
            if only not in (None, pair.agency_id):
                continue
            # The unsharing itself is the last entry of the pair that it closes.
            is_open = closed_at is None or event.kind.name == "incident.unshared"
            if is_open:
                yield pair
            elif event.kind.outlives_share and only:
                other = pair.agency_id if acts_as_owner else pair.organisation_id
                yield StreamKey(Purpose.PRIVATE, pair.incident_id, other or only)

    def _read(self, wanted: Iterable[StreamKey]) -> None:
        keys = list(wanted)
        incidents = {key.incident_id for key in keys} - {None}
        organisations = {key.organisation_id for key in keys if key.incident_id is None}
        rows = AudienceStream.objects.filter(
            models.Q(incident__in=incidents)
            | models.Q(incident=None, organisation__in=organisations)
        )
        columns = ("purpose", "incident_id", "organisation_id", "agency_id")
        for *place, stream_id, closed_at in rows.values_list(
            *columns, "stream_id", "closed_at"
        ):
            key = StreamKey(*place)
            is_new = key not in self.ids
            self.ids[key] = stream_id
            if is_new and key.purpose == Purpose.PAIR and key.incident_id:
                self.pairs.setdefault(key.incident_id, []).append((key, closed_at))


def make_audience_streams(keys: Sequence[StreamKey]) -> None:
    """Create streams for these audiences; one that another transaction made is kept."""
    rows = [
        AudienceStream(
            stream=stream,
            purpose=key.purpose,
            incident_id=key.incident_id,
            organisation_id=key.organisation_id,
            agency_id=key.agency_id,
        )
        for key, stream in zip(keys, make_streams(len(keys)), strict=True)
    ]
    AudienceStream.objects.bulk_create(rows, ignore_conflicts=True)


def _own_key(event: "Event") -> StreamKey:
    purpose = event.kind.purpose
    incident_id = None if purpose == Purpose.CONFIG else event.incident_id
    return StreamKey(purpose, incident_id, event.organisation_id)
