"""Has people sign what they acknowledged: says the exact bytes, and takes the signatures.

The entry of an acknowledgement stands in each stream whose readers may know of it, in
different words, so each is signed by itself. To acknowledge never waits for a signature.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from incidents.errors import BadInput, NotPossible
from incidents.events.actor import Actor
from incidents.events.feed import read_fields, readable_streams
from incidents.events.record import record, recording
from incidents.incident.access import acting_organisation
from incidents.incident.lifecycle import lock_incidents
from incidents.incident.models import Acknowledgement, Incident
from incidents.ledger.canonical import parse_leaf
from incidents.ledger.dsse import BadEnvelope, Envelope, envelope_of
from incidents.ledger.models import Entry
from incidents.ledger.party_ack import ACK_TYPE, PartyAck, signer_of
from incidents.organisations.models import Organisation, User
from incidents.organisations.roles import Action
from incidents.signatures.models import PartyKey

FIELD: Final = "envelopes"
SHOWN: Final = 50
_ANEW: Final = "Sign exactly what is asked for now, all of it, with one key."


@dataclass(frozen=True, slots=True)
class ToSign:
    """An acknowledgement, and for each stream that has it the payload to be signed."""

    acknowledgement: Acknowledgement
    payloads: Mapping[UUID, bytes]

    @property
    def texts(self) -> list[str]:
        """Return the payloads as texts."""
        return [payload.decode() for payload in self.payloads.values()]


def to_sign(incident: Incident, person: User) -> ToSign | None:
    """Return the person's newest acknowledgement if it can be signed and is not yet."""
    rows = incident.acknowledgements.filter(user=person, event__isnull=False)
    newest = rows.select_related("organisation").order_by("-pk").first()
    if newest is None or newest.signed_at is not None:
        return None
    payloads = _payloads(incident, newest)
    return ToSign(newest, payloads) if payloads else None


def unsigned(person: User) -> list[Acknowledgement]:
    """Return the person's newest acknowledgements that a key of theirs could sign."""
    sides = PartyKey.objects.active().filter(user=person).values("organisation")
    rows = Acknowledgement.objects.filter(
        user=person,
        organisation__in=sides,
        event__isnull=False,
        signed_at=None,
        ended_at=None,
        incident__in=Incident.objects.visible_to(person),
    )
    return list(rows.select_related("incident").order_by("-pk")[:SHOWN])


def active_keys(person: User, acknowledgement: Acknowledgement) -> list[PartyKey]:
    """Return the keys by which the person may sign this."""
    side = acknowledgement.organisation_id
    return list(PartyKey.objects.active().filter(user=person, organisation=side))


def sign(
    incident: Incident,
    envelopes: Sequence[Envelope],
    *,
    user: User,
    actor: Actor,
    now: datetime,
) -> Acknowledgement:
    """Take the signatures of a person under their own newest acknowledgement.

    Raises BadInput for what is not signed as asked, NotPossible when nothing is asked.
    """
    with recording(now):
        incident = lock_incidents([incident.pk])[incident.pk]
        asked = required(incident, user)
        key = _key_of(envelopes, user, asked.acknowledgement)
        by_payload = {envelope.payload: envelope for envelope in envelopes}
        if by_payload.keys() != set(asked.payloads.values()):
            raise BadInput(FIELD, "", _ANEW)
        if not all(one.is_by(bytes(key.public)) for one in envelopes):
            raise BadInput(FIELD, key.short, "The signature is false. " + _ANEW)
        row = asked.acknowledgement
        row.signed_at, row.signed_by_key = now, key.fingerprint
        row.save(update_fields=["signed_at", "signed_by_key"])
        record(
            "acknowledgement.signed",
            incident=incident,
            organisation_id=row.organisation_id,
            actor=actor,
            body={"key": key.public_text, "key_id": key.short},
            by_stream={
                stream: {"envelope": by_payload[payload].value()}
                for stream, payload in asked.payloads.items()
            },
            subjects={"envelope": user.uid},
        )
    return row


def signing_side(incident: Incident, person: User) -> Organisation:
    """Return for which organisation the person signs. Raises Http404, NotAllowed."""
    asked = to_sign(incident, person)
    slug = asked.acknowledgement.organisation.slug if asked else ""
    return acting_organisation(person, incident, Action.ACKNOWLEDGE, slug=slug)


def required(incident: Incident, person: User) -> ToSign:
    """Return what the person is asked to sign. Raises NotPossible."""
    asked = to_sign(incident, person)
    if asked is None:
        message = (
            f"There is no acknowledgement of yours on {incident.ref} left to sign: you"
            " gave none, it is signed, or it was recorded before there were signatures."
        )
        raise NotPossible(message, state={"ref": incident.ref})
    return asked


def read_envelopes(values: object) -> list[Envelope]:
    """Return the envelopes in a list. Raises BadInput."""
    if not isinstance(values, list):
        raise BadInput(FIELD, values, "Send a list, as tocsin-sign ack prints it.")
    try:
        return [envelope_of(value) for value in values]
    except BadEnvelope as error:
        raise BadInput(FIELD, "", f"An envelope cannot be read: {error}.") from None


def _payloads(incident: Incident, row: Acknowledgement) -> dict[UUID, bytes]:
    streams = readable_streams(incident, [row.organisation_id])
    open_ids = [stream.stream_id for stream in streams if stream.closed_at is None]
    if row.event is None:
        return {}
    found = Entry.objects.filter(source_event=row.event, stream__in=open_ids)
    entries = list(found.order_by("pk"))
    fields = read_fields(entries)
    return {
        entry.stream_id: PartyAck(
            bytes(entry.leaf_hash),
            parse_leaf(bytes(entry.leaf)).at,
            signer_of(fields[entry.pk].get("actor", {})),
            entry.stream_id,
        ).write()
        for entry in entries
    }


def _key_of(
    envelopes: Sequence[Envelope], person: User, row: Acknowledgement
) -> PartyKey:
    """Return the one key that all envelopes name. Raises BadInput."""
    if any(envelope.payload_type != ACK_TYPE for envelope in envelopes):
        raise BadInput(FIELD, "", f"Sign them as {ACK_TYPE}.")
    names = {envelope.key_id for envelope in envelopes}
    for key in active_keys(person, row):
        if names == {key.fingerprint}:
            return key
    known = f"one of your keys for {row.organisation} that is not retired"
    raise BadInput(FIELD, ", ".join(sorted(names)), f"Sign with {known}.")
