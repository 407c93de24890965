"""Gather what an incident and its time record know, for a filing's first answers."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Final

from escalation.duties.anchor_words import is_repeated
from escalation.duties.models import AnchorValue, Precision
from escalation.duties.time_record import TimeRecord, record_of
from escalation.filings.models import FilingRecipient
from escalation.filings.prefill import Known, prefilled
from escalation.filings.sections import Section
from incidents.incident.facets import FACETS
from incidents.incident.severity import severity_at
from incidents.models import Incident

# What the time record calls otherwise than a report does.
_NAMES: Final = {"discovered": "detected"}


def first_answers(
    blank: Sequence[Section], incident: Incident, recipients: Sequence[FilingRecipient]
) -> tuple[Section, ...]:
    """Return the sections with what is known to the incident's owner.

    An instant is the one that counts under the laws of those who get the section.
    """
    record = record_of(incident.pk, incident.organisation_id)
    known: dict[frozenset[str], Known] = {}
    found: list[Section] = []
    for section in blank:
        laws = frozenset(
            one.regime_id for one in recipients if one.key in section.audience
        )
        if laws not in known:
            known[laws] = known_of(incident, record, laws)
        found += prefilled([section], known[laws])
    return tuple(found)


def known_of(incident: Incident, record: TimeRecord, laws: Collection[str]) -> Known:
    """Return what is known to the incident's owner; instants as they count under laws."""
    level = severity_at(incident.severity)
    counting = _counting(record, laws)
    only_days = [n for n, one in counting.items() if one.precision == Precision.DAY]
    return Known(
        ref=incident.ref,
        title=incident.title,
        description=incident.description,
        category=str(incident.get_category_display()),
        severity=f"Severity {level.level}, {level.name}",
        organisation=incident.organisation.name,
        facts=_facts(incident),
        instants=_instants(incident) | {n: one.at for n, one in counting.items()},
        days={name: counting[name].written for name in only_days},
    )


def _facts(incident: Incident) -> dict[str, str]:
    """Return the facets' answers in words."""
    found = {}
    for facet in FACETS:
        value = incident.facts.get(facet.key)
        if not value:
            continue
        names = {choice.value: choice.name for choice in facet.choices}
        values = value if isinstance(value, list) else [value]
        found[facet.key] = ", ".join(names.get(one, str(one)) for one in values)
    return found


def _instants(incident: Incident) -> dict[str, datetime]:
    """Return the incident's own times."""
    found = {
        "occurred": incident.occurred_at,
        "detected": incident.detected_at,
        "aware": incident.aware_at,
        "resolved": incident.resolved_at,
    }
    return {name: at for name, at in found.items() if at}


def _counting(record: TimeRecord, laws: Collection[str]) -> dict[str, AnchorValue]:
    """Return of the time record the instants that count, where laws differ the earliest.

    What comes about more than once is as the incident stands now.
    """
    counting: dict[str, AnchorValue] = {}
    for law in laws:
        for name, values in record.counting(law).items():
            if not is_repeated(name):
                known = [*values, counting.get(name, values[0])]
                counting[name] = min(known, key=lambda one: one.at)
    return {_NAMES.get(name, name): one for name, one in counting.items()}
