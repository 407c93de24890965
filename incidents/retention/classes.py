"""The classes of values that a schedule may name, and to which class a value belongs.

What no class holds is never erased by a schedule: the shared `body` of an entry, what
proves holds and erasures, who got evidence, and the record of statutory duties, which
laws demand to be kept.
"""

from collections.abc import Mapping
from typing import Final

from django.db import models

from incidents.events.kinds import KINDS
from incidents.events.models import Purpose


class ValueClass(models.TextChoices):
    """What a schedule is about."""

    REPORTS = "reports", "What people reported and wrote"
    ALERTS = "alerts", "What tools reported"
    WORK = "work", "Details of paging and escalation"
    PEOPLE = "people", "Names of who acted or was paged"
    READINGS = "readings", "Names of who opened what"
    CONFIGURATION = "configuration", "Names of who changed access and settings"


MEANING: Final[Mapping[str, str]] = {
    ValueClass.REPORTS: "Titles, descriptions, facts, comments, reasons, triage.",
    ValueClass.ALERTS: "Titles, labels and addresses of alerts, held ones too.",
    ValueClass.WORK: "Reasons of people and answers of providers.",
    ValueClass.PEOPLE: "In all entries of an incident but those of legal duties.",
    ValueClass.READINGS: "That it was opened, and when, stays.",
    ValueClass.CONFIGURATION: "What was changed, and when, stays.",
}
# The first part of a kind's name → the class of what it says.
_SAID: Final[Mapping[str, str]] = {
    "incident": ValueClass.REPORTS,
    "triage": ValueClass.REPORTS,
    "report": ValueClass.REPORTS,
    "mail": ValueClass.REPORTS,
    "alert": ValueClass.ALERTS,
    "run": ValueClass.WORK,
    "notification": ValueClass.WORK,
    "silence": ValueClass.WORK,
    "record": ValueClass.READINGS,
    "access": ValueClass.CONFIGURATION,
    "config": ValueClass.CONFIGURATION,
}
_PEOPLE: Final[Mapping[str, str]] = {
    Purpose.PRIVATE: ValueClass.PEOPLE,
    Purpose.ACCESS: ValueClass.READINGS,
    Purpose.CONFIG: ValueClass.CONFIGURATION,
}


def kinds_with_classes() -> list[dict[str, str]]:
    """Return each kind that schedules reach: the class of its words and of its people."""
    return [
        {"kind": kind.name, "said": _SAID[part], "people": _PEOPLE[kind.purpose]}
        for kind in KINDS.values()
        if (part := kind.name.partition(".")[0]) in _SAID
    ]


def fields_of_people() -> list[str]:
    """Return the fields that name a person."""
    named = {name for kind in KINDS.values() for name in kind.personal}
    return sorted({"actor", *named})
