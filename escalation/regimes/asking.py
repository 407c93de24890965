"""Ask when a stage is due, in the words that people and programs write; answer plainly.

The command, the API and the page of a regime ask here, so that they never disagree.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from escalation.regimes.anchors import AnchorError, read_anchors
from escalation.regimes.calendars import is_known, known_calendars
from escalation.regimes.deadlines import Deadline, Place, deadline
from escalation.regimes.regime import Regime, Stage


@dataclass(frozen=True, slots=True)
class Question:
    """Instants as `NAME, ISO` pairs, and where they are read; what is empty is the law's."""

    anchors: Sequence[tuple[str, str]] = ()
    zone: str = ""
    calendar: str = ""
    entity: str = ""


@dataclass(frozen=True, slots=True)
class Answer:
    """A deadline, where it was read, and what was taken for granted about the instants."""

    found: Deadline
    place: Place
    flags: tuple[str, ...]


def answer(regime: Regime, stage: Stage, question: Question) -> Answer:
    """Count one stage. Raises AnchorError, naming what cannot be used and the remedy."""
    place = _place(regime, question)
    anchors = read_anchors(question.anchors, regime=regime, zone=place.zone)
    found = deadline(regime, stage, anchors.instants, place)
    return Answer(found, place, (*anchors.flags, *found.flags))


def stage_named(regime: Regime, stage_id: str) -> Stage:
    """Return the stage of this id. Raises AnchorError, naming those that there are."""
    stage = regime.stage(stage_id)
    if stage is None:
        known = ", ".join(one.id for one in regime.stages) or "none: it has no clock"
        raise AnchorError("stage", stage_id, f"Its stages are {known}.")
    return stage


def to_body(regime: Regime, one: Answer) -> dict[str, Any]:
    """Return an answer as plain values; instants keep the offset of their zone."""
    found = one.found
    latest = found.due_statutory_latest
    return {
        "due_operational": found.due_operational and found.due_operational.isoformat(),
        "due_statutory_latest": latest and latest.isoformat(),
        "status": found.status,
        "waiting_for": list(found.waiting_for),
        "rule": found.rule,
        "citation": f"{regime.act}, {found.citation}",
        "flags": list(one.flags),
    }


def refusal(error: AnchorError) -> dict[str, Any]:
    """Return what stands in place of an answer for what cannot be counted."""
    return {
        "due_operational": None,
        "due_statutory_latest": None,
        "status": "error",
        "waiting_for": [],
        "rule": "",
        "citation": "",
        "flags": [],
        "error": {
            "field": error.field,
            "value": error.value,
            "remedy": error.remedy,
        },
    }


def _place(regime: Regime, question: Question) -> Place:
    if question.calendar and not is_known(question.calendar):
        known = ", ".join(known_calendars())
        raise AnchorError("calendar", question.calendar, f"Use one of {known}.")
    return Place(
        zone=read_zone(question.zone) or regime.zone,
        calendar=question.calendar or regime.calendar,
        entity=question.entity,
    )


def read_zone(name: str) -> ZoneInfo | None:
    """Return a zone, None for an empty name. Raises AnchorError."""
    try:
        return ZoneInfo(name) if name else None
    except (ValueError, KeyError, OSError):
        remedy = "Use a time zone such as Europe/Brussels."
        raise AnchorError("zone", name, remedy) from None
