"""What the law by which a clock runs says of a report that comes later."""

from datetime import datetime

from escalation.duties.models import StatutoryClock
from escalation.duties.naming import Names
from escalation.duties.overdue import is_overdue
from escalation.duties.renewing import state_of
from escalation.regimes.regime import Delay, DelayKind
from incidents.errors import BadInput, NotPossible
from incidents.incident.lifecycle import lock_incidents

MAX_TEXT = 4000


def lock_clock(clock: StatutoryClock) -> StatutoryClock:
    """Lock the clock's incident and return the clock anew. Requires a recording."""
    incident = lock_incidents([clock.incident_id])[clock.incident_id]
    found = StatutoryClock.objects.select_related("organisation").get(pk=clock.pk)
    found.incident = incident
    return found


def law_of(clock: StatutoryClock, kind: DelayKind) -> Delay:
    """Return what the clock's law knows of this kind. Raises NotPossible."""
    names = Names.load([clock])
    regime = names.regime_of(clock)
    delay = regime.delay(clock.stage, kind) if regime else None
    if delay is None:
        what = "extension" if kind == DelayKind.EXTENSION else "notice of delay"
        law = regime.name if regime else clock.regime_id
        message = f"{law} knows no {what} for this report."
        raise NotPossible(message, state=state_of(clock))
    return delay


def limit_of(clock: StatutoryClock) -> datetime:
    """Return the latest date of a clock that runs. Raises NotPossible."""
    if not clock.is_open:
        message = "The report was filed already, or is not due any more."
        raise NotPossible(message, state=state_of(clock))
    if clock.due_operational is None:
        message = "The report has no date yet that could be missed."
        raise NotPossible(message, state=state_of(clock))
    latest = clock.due_statutory_latest
    return max(latest, clock.due_operational) if latest else clock.due_operational


def is_past(limit: datetime, at: datetime) -> bool:
    """Tell whether an instant is after a limit; exactly at it is not."""
    return is_overdue(limit, at=at)


def checked(field: str, text: str) -> str:
    """Return a text without its outer blanks. Raises BadInput."""
    text = text.strip()
    if not 1 <= len(text) <= MAX_TEXT:
        raise BadInput(field, text, f"Write why, in at most {MAX_TEXT} signs.")
    return text
