"""What the platform's operator sees first: whether it runs, and nothing of what it holds."""

from datetime import datetime
from typing import Any

from config.health import Vitals, measure
from incidents.incident.home import HomePart
from incidents.incident.strip import Strip
from incidents.models import OrganisationKind, User


def platform_part(person: User, now: datetime) -> HomePart:
    """Return the state of the platform, for its operators only."""
    is_operator = person.memberships.filter(
        ended_at=None, organisation__kind=OrganisationKind.PLATFORM
    ).exists()
    if not is_operator:
        return HomePart()
    vitals = measure(now)
    return HomePart(facts=_facts(vitals), strip=_strip(vitals), rank=30)


def _strip(vitals: Vitals) -> Strip:
    if vitals.stale:
        happening = f"Not running: {', '.join(vitals.stale)}."
        return Strip(happening, "Look at the workers.", "Yours.", is_mine=True)
    if strip := _record_strip(vitals):
        return strip
    # On a new installation some have not had their first turn yet.
    stopped = [name for name, ran_at in vitals.stale_chores.items() if ran_at]
    if stopped:
        happening = f"Not done lately: {', '.join(stopped)}."
        return Strip(happening, "Look at the workers.", "Yours.")
    return Strip("Everything is running.", "Nothing.", "Nobody's.", is_calm=True)


def _record_strip(vitals: Vitals) -> Strip | None:
    """Return what is wrong with the record, the worst first."""
    if broken := vitals.sealing.broken:
        happening = f"The record is not sealed any further. {broken}."
        return Strip(happening, "Find out who changed it.", "Yours.", is_mine=True)
    if vitals.mismatches:
        happening = f"The record does not fit. {vitals.mismatches[0]}."
        todo = "Keep the database as it is; tell both sides."
        return Strip(happening, todo, "Yours.", is_mine=True)
    if why := vitals.sealing.refused_why:
        happening = f"The log is not signed: {why}."
        return Strip(happening, "Look at the signer.", "Yours.", is_mine=True)
    if vitals.witnesses.is_missed:
        happening = "No quorum of witnesses has vouched for the log for long."
        awaited = ", ".join(vitals.witnesses.awaited) or "the witnesses"
        return Strip(happening, f"Call {awaited}.", "Yours.", is_mine=True)
    return None


def _facts(vitals: Vitals) -> list[dict[str, Any]]:
    ticks = [
        (f"Last pass of {name}", _since(age, never="never"))
        for name, age in vitals.tick_age.items()
    ]
    waiting = (
        ("Oldest timer due", vitals.timer_lateness),
        ("Oldest entry to be routed", vitals.pending_age),
        ("Oldest message to be sent", vitals.undelivered_age),
        ("Oldest delivery to be read", vitals.intake_age),
        ("Oldest entry to be sealed", vitals.unsealed_age),
    )
    rows = [*ticks, *((label, _since(age, never="none")) for label, age in waiting)]
    return [{"label": label, "value": value} for label, value in rows]


def _since(age_seconds: float | None, *, never: str) -> str:
    return never if age_seconds is None else f"{age_seconds:.1f} s ago"
