"""Sets how long an organisation keeps each class of values.

Who makes something go earlier needs a second person; who keeps something longer does
not. Either way nothing goes before it was announced.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Final

from incidents.errors import BadInput, NotAllowed, NotPossible
from incidents.events.actor import Actor
from incidents.events.record import record, recording
from incidents.organisations.models import Organisation, OrganisationKind, User
from incidents.retention.classes import ValueClass
from incidents.retention.models import RetentionSchedule

# More than the notice: what is closed after an announcement cannot be due in its run.
LEAST_DAYS: Final = 30
MOST_DAYS: Final = 36_500
_FOR_EVER: Final = "for ever"


def ask_schedule(
    organisation: Organisation,
    *,
    of: str,
    keep_days: int | None,
    user: User,
    actor: Actor,
    now: datetime,
) -> RetentionSchedule:
    """Set a schedule, None to keep for ever; what makes values go earlier is only asked.

    Locks it. Raises BadInput, NotPossible.
    """
    check_schedule(organisation, of=of, keep_days=keep_days)
    with recording(now):
        row = _locked(organisation, of)
        _withdraw_asked(row)
        if row.keep_days == keep_days:
            message = f"It is so already: {spoken_days(keep_days)}."
            raise NotPossible(message, state={"keep_days": keep_days})
        if not _erases_more(row.keep_days, keep_days):
            _set(row, keep_days, actor)
        else:
            row.asked_days, row.asked_by, row.asked_at = keep_days, user, now
            _record(row, f"{spoken_days(keep_days)}, asked for", actor)
        _save(row)
    return row


def approve_schedule(
    row: RetentionSchedule, *, user: User, actor: Actor, now: datetime
) -> RetentionSchedule:
    """Put into force what another person asked for. Locks it.

    Raises NotPossible, NotAllowed.
    """
    with recording(now):
        row = _locked(row.organisation, row.of)
        _require_asked(row)
        if row.asked_by_id == user.pk:
            raise NotAllowed("You asked for it; another person must approve it.")
        days = row.asked_days
        _withdraw_asked(row)
        _set(row, days, actor)
        _save(row)
    return row


def decline_schedule(
    row: RetentionSchedule, *, actor: Actor, now: datetime
) -> RetentionSchedule:
    """Drop what was asked for; what is in force stays. Locks it. Raises NotPossible."""
    with recording(now):
        row = _locked(row.organisation, row.of)
        _require_asked(row)
        _record(row, f"{spoken_days(row.asked_days)}, declined", actor)
        _withdraw_asked(row)
        _save(row)
    return row


def apply_schedule(
    organisation: Organisation, *, of: str, keep_days: int | None, now: datetime
) -> bool:
    """Set a schedule as a file says it, at once; False when it is so already.

    Whoever runs commands on the host holds the database anyway. The notice before each
    run holds here too. Locks it. Raises BadInput.
    """
    check_schedule(organisation, of=of, keep_days=keep_days)
    with recording(now):
        row = _locked(organisation, of)
        if row.keep_days == keep_days:
            return False
        _withdraw_asked(row)
        _set(row, keep_days, Actor.system(organisation))
        _save(row)
    return True


def check_schedule(
    organisation: Organisation, *, of: str, keep_days: int | None
) -> None:
    """Raise BadInput for a schedule that cannot be."""
    if organisation.kind == OrganisationKind.PLATFORM:
        remedy = "The platform's operator has no incidents; name a lab or an agency."
        raise BadInput("organisation", organisation.slug, remedy)
    check_terms(of, keep_days)


def check_terms(of: str, keep_days: int | None) -> None:
    """Raise BadInput for a class or a number of days that cannot be."""
    if of not in ValueClass.values:
        raise BadInput("of", of, f"Use one of {', '.join(ValueClass.values)}.")
    if keep_days is not None and not LEAST_DAYS <= keep_days <= MOST_DAYS:
        remedy = f"Give {LEAST_DAYS} to {MOST_DAYS} days, or none to keep for ever."
        raise BadInput("keep_days", keep_days, remedy)


def terms_of(organisation_id: int) -> dict[str, int]:
    """Return what is in force: {class: days}."""
    rows = RetentionSchedule.objects.filter(
        organisation=organisation_id, keep_days__isnull=False
    )
    return {row.of: row.keep_days for row in rows if row.keep_days is not None}


def schedules_of(organisation_ids: Iterable[int]) -> list[RetentionSchedule]:
    """Return the schedules of these organisations with who asked for a change."""
    rows = RetentionSchedule.objects.filter(organisation__in=list(organisation_ids))
    return list(rows.select_related("organisation", "asked_by"))


def spoken_days(days: int | None) -> str:
    """Return a period as people say it.

    >>> spoken_days(30), spoken_days(None)
    ('30 days', 'for ever')
    """
    return _FOR_EVER if days is None else f"{days} days"


def _erases_more(before: int | None, after: int | None) -> bool:
    return after is not None and (before is None or after < before)


def _locked(organisation: Organisation, of: str) -> RetentionSchedule:
    RetentionSchedule.objects.get_or_create(organisation=organisation, of=of)
    rows = RetentionSchedule.objects.select_for_update(no_key=True, of=("self",))
    return rows.select_related("organisation").get(organisation=organisation, of=of)


def _require_asked(row: RetentionSchedule) -> None:
    if row.asked_days is None:
        raise NotPossible("No change is asked for.", state={"keep_days": row.keep_days})


def _withdraw_asked(row: RetentionSchedule) -> None:
    row.asked_days, row.asked_by, row.asked_at = None, None, None


def _set(row: RetentionSchedule, days: int | None, actor: Actor) -> None:
    row.keep_days = days
    _record(row, spoken_days(days), actor)


def _save(row: RetentionSchedule) -> None:
    row.save(update_fields=["keep_days", "asked_days", "asked_by", "asked_at"])


def _record(row: RetentionSchedule, said: str, actor: Actor) -> None:
    label = ValueClass(row.of).label
    record(
        "config.changed",
        organisation_id=row.organisation_id,
        actor=actor,
        body={
            "what": f"Retention of “{label}”: {said}",
            "changes": {"schedule": str(row.uid)},
        },
    )
