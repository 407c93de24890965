"""Which streams of an incident an organisation may hand out, and under which name."""

from collections.abc import Sequence
from dataclasses import dataclass

from incidents.errors import BadInput
from incidents.events.feed import readable_streams
from incidents.events.models import AudienceStream, Purpose
from incidents.incident.models import Incident
from incidents.ledger.models import Disclosure
from incidents.organisations.models import Organisation

OWN = "own"


@dataclass(frozen=True, slots=True)
class Audience:
    """A stream as it is chosen: `own`, or the slug of the other side of a share."""

    name: str
    label: str
    stream: AudienceStream


def audiences_of(incident: Incident, organisation: Organisation) -> list[Audience]:
    """Return what the organisation may hand out, its own record first."""
    streams = readable_streams(incident, [organisation.pk])
    found = [_audience(stream, organisation) for stream in _with_sides(streams)]
    return sorted(found, key=lambda one: (one.name != OWN, one.name))


def chosen_audience(
    incident: Incident, organisation: Organisation, name: str
) -> Audience:
    """Return the audience of this name. Raises BadInput, which lists the others."""
    known = audiences_of(incident, organisation)
    for audience in known:
        if audience.name == name:
            return audience
    names = ", ".join(one.name for one in known) or "none yet"
    raise BadInput("audience", name, f"Use one of: {names}.")


def fields_of(stream: AudienceStream) -> list[str]:
    """Return the names of all fields that the stream's entries have."""
    rows = Disclosure.objects.filter(entry__stream=stream.stream_id)
    return sorted(rows.values_list("name", flat=True).distinct())


def _with_sides(streams: Sequence[AudienceStream]) -> Sequence[AudienceStream]:
    ids = [stream.pk for stream in streams]
    rows = AudienceStream.objects.filter(pk__in=ids)
    return list(rows.select_related("organisation", "agency"))


def _audience(stream: AudienceStream, organisation: Organisation) -> Audience:
    if stream.purpose == Purpose.PRIVATE:
        label = f"What {organisation} recorded; {organisation} alone reads it"
        return Audience(OWN, label, stream)
    is_owner = stream.organisation_id == organisation.pk
    other = stream.agency if is_owner else stream.organisation
    assert other is not None  # noqa: S101  a pair has two sides
    label = f"What {organisation} and {other} both read"
    return Audience(other.slug, label, stream)
