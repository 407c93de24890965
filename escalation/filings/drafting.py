"""Begin a filing from what the incident knows, and write its versions."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from escalation.filings.laws import law_on
from escalation.filings.models import (
    Filing,
    FilingRecipient,
    FilingState,
    FilingVersion,
    RecipientState,
    Way,
)
from escalation.filings.proposing import first_answers
from escalation.filings.reading import (
    changes_in_words,
    changes_since,
    needs_of,
    newest_version,
    require_state,
    state_of,
)
from escalation.filings.sections import (
    Section,
    SectionError,
    blank_sections,
    digest_of,
    read_sections,
    require_printable,
)
from escalation.regimes.regime import DutyOf
from incidents.errors import BadInput, NotPossible
from incidents.events.actor import Actor
from incidents.events.record import record, recording
from incidents.incident.idempotency import Promise
from incidents.incident.lifecycle import lock_incidents
from incidents.incident.refs import FILING, make_ref
from incidents.models import Incident, Organisation, User

MAX_RECIPIENTS: Final = 10
MAX_NAME: Final = 200


@dataclass(frozen=True, slots=True)
class NewRecipient:
    """Who is to get a filing, under which stage; `name` is for one that is filed by hand."""

    regime: str
    stage: str
    agency: Organisation | None = None
    name: str = ""


@dataclass(frozen=True, slots=True)
class NewFiling:
    """A filing that is to be begun. `promise` makes two requests one."""

    recipients: Sequence[NewRecipient]
    amends: Filing | None = None
    promise: Promise | None = None
    rows: Sequence[Mapping[str, Any]] = field(default_factory=tuple)


def start_filing(
    incident: Incident, new: NewFiling, *, user: User, actor: Actor, now: datetime
) -> Filing:
    """Begin a filing of the incident's owner, its answers proposed. Locks the incident.

    Raises BadInput.
    """
    with recording(now):
        incident = lock_incidents([incident.pk])[incident.pk]
        if earlier := _earlier(incident, new.promise):
            return earlier
        first = _first_of(incident, new.amends)
        filing = Filing.objects.create(
            ref=make_ref(FILING),
            incident=incident,
            organisation_id=incident.organisation_id,
            tlp=incident.tlp,
            amends=first,
            created_by=user,
            created_at=now,
            **_once(new.promise),
        )
        recipients = _recipients(filing, incident, new.recipients)
        _add_version(
            filing,
            _first_sections(new, incident, recipients),
            user=user,
            actor=actor,
            now=now,
        )
    return filing


def write_version(
    filing: Filing,
    rows: Sequence[Mapping[str, Any]],
    *,
    based_on: int,
    user: User,
    actor: Actor,
    now: datetime,
) -> FilingVersion:
    """Add a version to a draft; one that changes nothing is not added. Locks the incident.

    What was approved and then taken back by mistake may be written again as it is.
    Raises BadInput, and NotPossible when somebody wrote another version meanwhile.
    """
    with recording(now):
        filing = lock_filing(filing)
        require_state(filing, FilingState.DRAFT, act="changed")
        newest = newest_version(filing)
        keys = list(filing.recipients.values_list("key", flat=True))
        sections = _checked(rows, keys)
        is_same = [s.to_body() for s in sections] == newest.sections
        if newest.number != based_on:
            if is_same and newest.author_id == user.pk:
                return newest  # a second click
            raise _overtaken(filing, newest, based_on)
        if is_same and not _is_taken_back(filing, newest):
            return newest
        return _add_version(filing, sections, user=user, actor=actor, now=now)


def revise(filing: Filing, *, actor: Actor, now: datetime) -> Filing:
    """Make it a draft again: taken back from review, or returned by an agency.

    Locks the incident. Raises NotPossible once nobody is to get another version.
    """
    with recording(now):
        filing = lock_filing(filing)
        open_states = (RecipientState.PREPARED, RecipientState.RETURNED)
        is_out = filing.state in (FilingState.APPROVED, FilingState.SUBMITTED)
        if is_out and not filing.recipients.filter(state__in=open_states).exists():
            message = f"Nobody waits for {filing.ref}. Correct it by an amended filing."
            raise NotPossible(message, state=state_of(filing))
        require_state(
            filing,
            FilingState.IN_REVIEW,
            FilingState.APPROVED,
            FilingState.SUBMITTED,
            act="revised",
        )
        _move(filing, FilingState.DRAFT)
        note_review(filing, newest_version(filing), "to be revised", actor=actor)
    return filing


def withdraw(filing: Filing, *, reason: str, actor: Actor, now: datetime) -> Filing:
    """End a filing that nobody has got. Locks the incident. Raises NotPossible."""
    with recording(now):
        filing = lock_filing(filing)
        if filing.recipients.filter(submitted_at__isnull=False).exists():
            message = f"{filing.ref} was submitted: that cannot be undone."
            raise NotPossible(message, state=state_of(filing))
        require_state(
            filing,
            FilingState.DRAFT,
            FilingState.IN_REVIEW,
            FilingState.APPROVED,
            act="withdrawn",
        )
        filing.withdrawn_reason = reason
        filing.save(update_fields=["withdrawn_reason"])
        _move(filing, FilingState.WITHDRAWN)
        record(
            "filing.withdrawn",
            incident=filing.incident,
            organisation_id=filing.organisation_id,
            actor=actor,
            body={"filing": filing.ref, "reason": reason},
        )
    return filing


def lock_filing(filing: Filing) -> Filing:
    """Lock the filing's incident and return the filing anew. Requires a recording."""
    lock_incidents([filing.incident_id])
    rows = Filing.objects.select_related("incident__organisation", "organisation")
    return rows.get(pk=filing.pk)


def note_review(
    filing: Filing, version: FilingVersion, what: str, *, actor: Actor, reason: str = ""
) -> None:
    """Record a step of the review. Requires an open recording."""
    body = {"filing": filing.ref, "version": version.number, "what": what}
    record(
        "filing.reviewed",
        incident=filing.incident,
        organisation_id=filing.organisation_id,
        actor=actor,
        body={**body, "reason": reason} if reason else body,
    )


def _overtaken(filing: Filing, newest: FilingVersion, based_on: int) -> NotPossible:
    changed = changes_since(newest, based_on)
    message = (
        f"Version {newest.number} was written meanwhile: yours began with {based_on}."
        f"{changes_in_words(changed)} Compare them, then save yours again."
    )
    state = {"version": newest.number, "changed": changed}
    return NotPossible(message, state=state_of(filing) | state)


def _is_taken_back(filing: Filing, version: FilingVersion) -> bool:
    """Whether a version was approved, and then revised though nobody returned it."""
    returned = filing.recipients.filter(version=version, state=RecipientState.RETURNED)
    return version.approved_at is not None and not returned.exists()


def _move(filing: Filing, state: FilingState) -> None:
    filing.state = state
    filing.save(update_fields=["state"])


def _earlier(incident: Incident, promise: Promise | None) -> Filing | None:
    """Return the filing of this promise. Raises BadInput if it came with another body."""
    if promise is None:
        return None
    once = _once(promise)
    found = Filing.objects.filter(
        organisation=incident.organisation_id, once=once["once"]
    ).first()
    if found and found.once_body != once["once_body"]:
        remedy = (
            "This key came before with another body; send a new key for a new request."
        )
        raise BadInput("Idempotency-Key", promise.key, remedy)
    return found


def _once(promise: Promise | None) -> dict[str, str]:
    if promise is None:
        return {}
    name = "\n".join([promise.caller, promise.endpoint, promise.key])
    return {
        "once": hashlib.sha256(name.encode()).hexdigest(),
        "once_body": promise.body_sha256.hex(),
    }


def _first_of(incident: Incident, amends: Filing | None) -> Filing | None:
    if amends is None:
        return None
    if amends.incident_id != incident.pk:
        raise BadInput("amends", amends.ref, "Name a filing of this incident.")
    if not amends.recipients.filter(submitted_at__isnull=False).exists():
        raise BadInput("amends", amends.ref, "Nobody has it yet: change it itself.")
    return amends.amends or amends


def _recipients(
    filing: Filing, incident: Incident, recipients: Sequence[NewRecipient]
) -> list[FilingRecipient]:
    if not 1 <= len(recipients) <= MAX_RECIPIENTS:
        remedy = f"Name 1 to {MAX_RECIPIENTS}."
        raise BadInput("recipients", len(recipients), remedy)
    rows: list[FilingRecipient] = []
    for number, wanted in enumerate(recipients, start=1):
        law = law_on(incident, filing.organisation_id, wanted.regime)
        stage = law.stage(wanted.stage)
        if stage.duty_of != DutyOf.REPORTER:
            remedy = "It is the authority's own duty: nobody reports it to it."
            raise BadInput("stage", stage.id, remedy)
        agency = _checked_agency(wanted, [row.agency_id for row in rows])
        rows.append(
            FilingRecipient(
                filing=filing,
                organisation_id=filing.organisation_id,
                key=agency.slug if agency else f"by-hand-{number}",
                way=Way.HERE if agency else Way.BY_HAND,
                agency=agency,
                name=(agency.name if agency else wanted.name or stage.recipient)[
                    :MAX_NAME
                ],
                regime_id=law.regime.id,
                regime_digest=law.digest,
                stage=stage.id,
            )
        )
    return FilingRecipient.objects.bulk_create(rows)


def _checked_agency(
    wanted: NewRecipient, taken: Sequence[int | None]
) -> Organisation | None:
    agency = wanted.agency
    if agency is None:
        return None
    if not agency.is_agency:
        raise BadInput("agency", agency.slug, "Name an organisation that is an agency.")
    if agency.pk in taken:
        remedy = "It gets one report in a filing; begin another for another duty."
        raise BadInput("agency", agency.slug, remedy)
    return agency


def _first_sections(
    new: NewFiling, incident: Incident, recipients: Sequence[FilingRecipient]
) -> tuple[Section, ...]:
    if new.rows:
        return _checked(new.rows, [one.key for one in recipients])
    blank = blank_sections(needs_of(recipients))
    if new.amends:
        return _taken_over(blank, new.amends)
    return first_answers(blank, incident, recipients)


def _taken_over(blank: Sequence[Section], amended: Filing) -> tuple[Section, ...]:
    """Return the sections with what the amended filing said in them."""
    said = {row["field"]: row for row in newest_version(amended).sections}
    return tuple(
        Section(
            one.field,
            said[one.field]["answer"],
            said[one.field]["is_not_yet_known"],
            said[one.field]["reason"],
            one.audience,
        )
        if one.field in said
        else one
        for one in blank
    )


def _checked(
    rows: Sequence[Mapping[str, Any]], keys: Sequence[str]
) -> tuple[Section, ...]:
    try:
        sections = read_sections(rows, recipients=keys)
        require_printable(sections)
    except SectionError as error:
        raise BadInput(error.field, "", error.remedy) from error
    return sections


def _add_version(
    filing: Filing,
    sections: Sequence[Section],
    *,
    user: User,
    actor: Actor,
    now: datetime,
) -> FilingVersion:
    number = filing.versions.count() + 1
    version = FilingVersion.objects.create(
        filing=filing,
        organisation_id=filing.organisation_id,
        number=number,
        sections=[section.to_body() for section in sections],
        sha256=digest_of(sections, ref=filing.ref, number=number),
        author=user,
        written_at=now,
    )
    names = list(filing.recipients.order_by("pk").values_list("name", flat=True))
    record(
        "filing.drafted",
        incident=filing.incident,
        organisation_id=filing.organisation_id,
        actor=actor,
        body={
            "filing": filing.ref,
            "version": number,
            "sha256": version.sha256,
            "recipients": names,
        },
    )
    return version
