"""Takes in the keys of people who prove that they have them, and retires keys."""

from datetime import datetime
from typing import Final
from uuid import UUID

from django.http import Http404

from incidents.errors import BadInput, NotPossible
from incidents.events.actor import Actor
from incidents.events.record import record, recording
from incidents.ledger.dsse import BadEnvelope, Envelope, read_envelope
from incidents.ledger.party_key import (
    POSSESSION_TYPE,
    Possession,
    fingerprint,
    parse_possession,
    short,
)
from incidents.ledger.vkey import BadKey
from incidents.organisations.directory import organisation_for
from incidents.organisations.models import Organisation, User
from incidents.organisations.roles import Action
from incidents.signatures.models import PartyKey

FIELD: Final = "envelope"
MAX_LABEL: Final = 100
_REMEDY: Final = "Paste what the page made, or what tocsin-sign register printed."


def read_pasted(text: str, *, field: str = FIELD) -> Envelope:
    """Return a pasted envelope. Raises BadInput."""
    try:
        return read_envelope(text)
    except BadEnvelope as error:
        raise BadInput(field, text, f"{error}. {_REMEDY}") from None


def side_of(statement: Possession, person: User) -> Organisation:
    """Return the organisation that a statement names. Raises BadInput, NotAllowed."""
    return organisation_for(person, Action.ACKNOWLEDGE, slug=statement.organisation)


def read_statement(envelope: Envelope, person: User) -> Possession:
    """Return what the person says of their key, once the key has proved it.

    Raises BadInput.
    """
    try:
        statement = parse_possession(envelope.payload)
    except BadKey as error:
        raise BadInput(FIELD, "", f"{error}. {_REMEDY}") from None
    if envelope.payload_type != POSSESSION_TYPE or not envelope.is_by(statement.public):
        remedy = "The key that it names did not sign it: sign it anew with that key."
        raise BadInput(FIELD, envelope.key_id, remedy)
    if statement.email.lower() != person.email:
        raise BadInput("email", statement.email, f"Sign it for {person.email}.")
    if len(statement.label) > MAX_LABEL:
        remedy = f"Give the key a name of at most {MAX_LABEL} characters."
        raise BadInput("label", statement.label, remedy)
    return statement


def add_key(
    envelope: Envelope,
    *,
    user: User,
    organisation: Organisation,
    actor: Actor,
    now: datetime,
) -> PartyKey:
    """Take in the key whose possession this proves. Raises BadInput, NotPossible."""
    statement = read_statement(envelope, user)
    digits = fingerprint(statement.public)
    with recording(now):
        key, is_new = PartyKey.objects.get_or_create(
            organisation=organisation,
            fingerprint=digits,
            defaults={
                "user": user,
                "label": statement.label,
                "public": statement.public,
                "added_at": now,
            },
        )
        if not is_new:
            raise NotPossible(
                f"Key {short(digits)} was registered before; make another one.",
                state={"fingerprint": digits},
            )
        personal = {"who": user.email, "label": key.label, "proof": envelope.value()}
        record(
            "party_key.added",
            organisation_id=organisation.pk,
            actor=actor,
            body={"key": key.public_text, "key_id": key.short, **personal},
            subjects=dict.fromkeys(personal, user.uid),
        )
    return key


def find_key(person: User, uid: UUID | str) -> PartyKey:
    """Return a key that the person may retire. Raises Http404."""
    visible = PartyKey.objects.visible_to(person).select_related("organisation", "user")
    key = visible.filter(uid=uid).first()
    if key is None:
        raise Http404
    return key


def retire_key(key: PartyKey, *, actor: Actor, now: datetime) -> PartyKey:
    """Let a key sign nothing more; what it signed stays signed. Raises NotPossible."""
    with recording(now):
        key = (
            PartyKey.objects.select_for_update(of=("self",))
            .select_related("organisation", "user")
            .get(pk=key.pk)
        )
        if key.retired_at is not None:
            raise NotPossible(
                f"Key {key.short} is retired already.",
                state={"fingerprint": key.fingerprint},
            )
        key.retire(now)
        personal = {"who": key.user.email, "label": key.label}
        record(
            "party_key.retired",
            organisation_id=key.organisation_id,
            actor=actor,
            body={"key": key.public_text, "key_id": key.short, **personal},
            subjects=dict.fromkeys(personal, key.user.uid),
        )
    return key
