"""What the tests of signatures do again and again: keys, and what they sign."""

from incidents.events.actor import Actor
from incidents.incident.access import actor_for
from incidents.incident.lifecycle import acknowledge
from incidents.ledger.dsse import sign as sign_statement
from incidents.ledger.party_ack import ACK_TYPE
from incidents.ledger.party_key import POSSESSION_TYPE, Possession
from incidents.ledger.vkey import KeyType, signing_key
from incidents.models import AcknowledgedVia
from incidents.signatures.keys import add_key
from tests.factories import NOW


def key(number=1):
    return signing_key(f"naisa/key-{number}", KeyType.LOG, bytes([number]) * 32)


def public_key(number=1):
    return key(number).public.public


def proof(person, organisation, *, number=1, **changed):
    """Return the envelope that proves possession of a key."""
    statement = {
        "email": person.email,
        "public": public_key(number),
        "label": key(number).public.name,
        "organisation": organisation.slug,
    }
    payload = Possession(**{**statement, **changed}).write()
    return envelope(payload, number=number, payload_type=POSSESSION_TYPE)


def envelope(payload, *, number=1, payload_type=ACK_TYPE, by=None):
    made = by or key(number).sign
    return sign_statement(payload_type, payload, public=public_key(number), by=made)


def with_key(person, organisation, *, number=1):
    """Register a key of the person."""
    return add_key(
        proof(person, organisation, number=number),
        user=person,
        organisation=organisation,
        actor=Actor.of(person, organisation),
        now=NOW,
    )


def acknowledged(incident, person, organisation):
    """Have the person acknowledge."""
    acknowledge(
        incident,
        organisation=organisation,
        user=person,
        via=AcknowledgedVia.PAGE,
        actor=actor_for(person, organisation),
        now=NOW,
    )
