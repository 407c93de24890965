"""Takes a request to erase through its approvals, and carries it out.

Two people of the organisation approve; whoever asked may be one of them, never both.
Under a legal hold it is refused, and that is recorded too.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from django.db import ProgrammingError, transaction
from psycopg.errors import InsufficientPrivilege

from incidents.custody.erasing import erase, read_values
from incidents.custody.holds import is_held
from incidents.custody.models import Approval, Erasure, ErasureState
from incidents.custody.places import (
    Place,
    erasable,
    keys_of,
    places_of,
    unknown_fields,
)
from incidents.custody.repeats import clear_incidents, clear_person, texts_in
from incidents.errors import BadInput, NotAllowed, NotPossible
from incidents.events.actor import Actor
from incidents.events.record import record, recording
from incidents.incident.lifecycle import lock_incidents
from incidents.incident.models import Incident, ReportDraft
from incidents.ledger.models import DataKey
from incidents.organisations.models import Organisation, User

APPROVALS_NEEDED: Final = 2
BASIS_LENGTH: Final = 300
_HELD: Final = "A legal hold covers it."


def ask_erasure(  # noqa: PLR0913  (whose, of what, why, by whom)
    organisation: Organisation,
    *,
    of: Incident | User,
    fields: Sequence[Mapping[str, Any]] = (),
    basis: str,
    reason: str,
    user: User,
    actor: Actor,
    now: datetime,
) -> Erasure:
    """Ask for values of an incident's entries, or everything of a person, to be erased.

    What a hold covers is refused at once. Raises BadInput, NotPossible.
    """
    _require_words(basis=basis, reason=reason)
    if isinstance(of, User):
        _require_own_former_member(of, organisation)
    else:
        _require_erasable(fields, of, organisation)
    with recording(now):
        erasure = Erasure.objects.create(
            organisation=organisation,
            incident=of if isinstance(of, Incident) else None,
            person=of if isinstance(of, User) else None,
            fields=[] if isinstance(of, User) else [dict(named) for named in fields],
            basis=basis,
            reason=reason,
            asked_by=user,
            asked_at=now,
        )
        _record("erasure.asked", erasure, {"basis": basis, "reason": reason}, actor)
        if _is_covered(places_of(erasure)):
            _refuse(erasure, actor=actor, now=now)
    return erasure


def approve_erasure(
    erasure: Erasure, *, user: User, actor: Actor, now: datetime
) -> Erasure:
    """Say yes; with the second person's yes it is carried out at once. Locks it.

    Raises NotPossible, and NotAllowed for the person whom it would erase.
    """
    with recording(now):
        erasure = _locked(erasure, ErasureState.ASKED)
        if erasure.person_id == user.pk:
            raise NotAllowed("Somebody else must approve what erases your own data.")
        _, is_new = Approval.objects.get_or_create(
            erasure=erasure, user=user, defaults={"at": now}
        )
        if not is_new:
            message = "You have approved it; another person must approve it too."
            raise NotPossible(message, state={"approvals": 1})
        _record("erasure.approved", erasure, {}, actor)
        if erasure.approvals.count() >= APPROVALS_NEEDED:
            erasure.state = ErasureState.APPROVED
            erasure.save(update_fields=["state"])
    if erasure.state == ErasureState.APPROVED:
        return carry_out(erasure, actor=actor, now=now)
    return erasure


def decline_erasure(
    erasure: Erasure, *, reason: str, actor: Actor, now: datetime
) -> Erasure:
    """Say no, which ends the request. Locks it. Raises BadInput, NotPossible."""
    _require_words(reason=reason)
    with recording(now):
        erasure = _locked(erasure, ErasureState.ASKED)
        _settle(erasure, ErasureState.DECLINED, reason, now)
        _record("erasure.declined", erasure, {"reason": reason}, actor)
    return erasure


def carry_out(erasure: Erasure, *, actor: Actor, now: datetime) -> Erasure:
    """Erase what two people approved; safe to repeat after a crash in between.

    A hold that came meanwhile refuses it. Raises NotPossible.
    """
    try:
        with transaction.atomic():
            erasure = _locked(erasure, ErasureState.APPROVED)
            if erasure.person is not None:
                _require_own_former_member(erasure.person, erasure.organisation)
            places = places_of(erasure)
            if not _is_covered(places):
                _destroy(erasure, places, actor=actor, now=now)
                return erasure
    except ProgrammingError as error:
        # The hold was placed between our look and the triggers'.
        if not isinstance(error.__cause__, InsufficientPrivilege):
            raise
    with recording(now):
        erasure = _locked(erasure, ErasureState.APPROVED)
        _refuse(erasure, actor=actor, now=now)
    return erasure


def _destroy(
    erasure: Erasure, places: Sequence[Place], *, actor: Actor, now: datetime
) -> None:
    """Clear the tables, then the record: the streams are locked last."""
    if erasure.incident is not None:
        lock_incidents([erasure.incident.pk])
        texts = texts_in(read_values(places))
        clear_incidents({erasure.incident.pk: texts}, erasure.organisation)
    _settle(erasure, ErasureState.DONE, "", now)
    person = erasure.person
    if person is not None:
        forget(person, erasure.organisation)
    erase(places, basis=erasure.basis, erasure=erasure.uid, actor=actor, now=now)
    if person is not None:
        DataKey.objects.filter(owner=person.uid).delete()


def forget(person: User, organisation: Organisation) -> None:
    """Clear the tables of a person, who signs in no more."""
    clear_person(person, organisation)
    ReportDraft.objects.filter(user=person).delete()
    User.objects.filter(pk=person.pk).update(is_active=False)


def _is_covered(places: Sequence[Place]) -> bool:
    return is_held(
        streams={place.stream_id for place in places},
        keys={place.key_id for place in places},
    )


def _refuse(erasure: Erasure, *, actor: Actor, now: datetime) -> None:
    _settle(erasure, ErasureState.REFUSED, _HELD, now)
    _record("erasure.refused", erasure, {"reason": _HELD}, actor)


def _settle(erasure: Erasure, state: ErasureState, reason: str, now: datetime) -> None:
    erasure.state, erasure.settled_at, erasure.settled_reason = state, now, reason
    erasure.save(update_fields=["state", "settled_at", "settled_reason"])


def _record(kind: str, erasure: Erasure, body: dict[str, str], actor: Actor) -> None:
    subjects = {}
    if kind == "erasure.asked" and erasure.person is not None:
        body = {**body, "who": str(erasure.person)}
        subjects = {"who": erasure.person.uid}
    record(
        kind,
        incident=erasure.incident,
        organisation_id=erasure.organisation_id,
        actor=actor,
        body={"erasure": str(erasure.uid), **body},
        subjects=subjects,
    )


def _locked(erasure: Erasure, state: ErasureState) -> Erasure:
    """Return the row fresh and locked. Raises NotPossible unless it is in this state."""
    rows = Erasure.objects.select_for_update(no_key=True, of=("self",))
    fresh = rows.select_related("organisation", "incident", "person").get(pk=erasure.pk)
    if fresh.state != state:
        now_is = ErasureState(fresh.state).label.lower()
        raise NotPossible(f"This request is {now_is}.", state={"state": fresh.state})
    return fresh


def _require_words(**fields: str) -> None:
    remedies = {"basis": "Name the law or the rule.", "reason": "Say why."}
    for field, value in fields.items():
        if not value.strip():
            raise BadInput(field, value, remedies[field])
        if field == "basis" and len(value) > BASIS_LENGTH:
            raise BadInput(field, value, f"Use at most {BASIS_LENGTH} characters.")


def _require_erasable(
    fields: Sequence[Mapping[str, Any]], incident: Incident, owner: Organisation
) -> None:
    if not fields:
        raise BadInput("fields", "", "Name at least one value of an entry.")
    known = keys_of(erasable(incident, owner))
    for named in unknown_fields(fields, known):
        remedy = "Name values that your organisation's streams of this incident hold."
        raise BadInput("fields", named, remedy)


def _require_own_former_member(person: User, organisation: Organisation) -> None:
    """Raise unless the person was only ever here, and has no role any more.

    Whoever still has a role is on schedules and in policies: people would be paged
    nowhere.
    """
    rows = person.memberships.all()
    if rows.exclude(organisation=organisation).exists() or not rows.exists():
        remedy = f"Name a person who was only ever a member of {organisation}."
        raise BadInput("person", person.email, remedy)
    if rows.filter(ended_at=None).exists():
        message = "End the person's roles first; who has one may be paged."
        raise NotPossible(message, state={"roles": rows.filter(ended_at=None).count()})
