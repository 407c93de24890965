"""Turn a row of another tool's export into an incident of ours, or say why not. Pure."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from incidents.incident.facets import FACETS, FacetError, parse_facets
from incidents.incident.instants import out_of_range
from incidents.incident.severity import severity_from_tool
from incidents.incident.tlp import DEFAULT_TLP
from incidents.intake.adapters.base import (
    Unreadable,
    as_text,
    clean_labels,
    severity_word,
)
from incidents.intake.adapters.times import parse_instant
from incidents.intake.imports.mapping import (
    INSTANTS,
    LABEL_PREFIX,
    STATUS_WORDS,
    STATUSES,
    ImportMapping,
    check_category,
    check_tlp,
    word,
)
from incidents.intake.imports.reading import Problem, Row

MAX_TITLE: Final = 300
MAX_DESCRIPTION: Final = 100_000
MAX_EXTERNAL_ID: Final = 200
MAX_SHOWN: Final = 200
_DANGER: Final = {
    **dict.fromkeys(("yes", "true", "1"), True),
    **dict.fromkeys(("no", "false", "0"), False),
    **dict.fromkeys(("unknown", "not known"), None),
}
_NUMBERED: Final = re.compile(r"^\d\s*[-:]\s*")
_MANY: Final = frozenset(facet.key for facet in FACETS if facet.kind == "many")


class Refused(ValueError):
    """A value cannot be taken. The message is the remedy."""


@dataclass(frozen=True, slots=True)
class ImportedRow:
    """An incident as the file tells it, all of it checked."""

    line: int
    external_id: str
    title: str
    description: str
    category: str
    severity: int
    tlp: str
    status: str
    is_danger: bool | None
    instants: Mapping[str, datetime | None] = field(default_factory=dict)
    facts: Mapping[str, Any] = field(default_factory=dict)
    labels: Mapping[str, str] = field(default_factory=dict)


def convert(
    row: Row, mapping: ImportMapping, *, now: datetime
) -> ImportedRow | tuple[Problem, ...]:
    """Return the incident of a row, or everything that is wrong with the row."""
    if row.problems:
        return row.problems
    reading = _Reading(row, mapping, now)
    instants = {name: reading.take(name, reading.instant) for name in INSTANTS}
    status = reading.take("status", reading.status(instants))
    taken = {name: reading.take(name, read) for name, read in reading.plain().items()}
    facts, labels = reading.facts(), reading.labels()
    reading.check_order(instants)
    if reading.problems:
        return tuple(reading.problems)
    return ImportedRow(
        line=row.line,
        status=status,
        instants=instants,
        facts=facts,
        labels=labels,
        **taken,
    )


@dataclass(slots=True)
class _Reading:
    """One row at work, and what was found wrong with it so far."""

    row: Row
    mapping: ImportMapping
    now: datetime
    problems: list[Problem] = field(default_factory=list)

    def given(self, name: str) -> Any:
        """Return what the row says of one of our fields, empty text for nothing."""
        theirs = self.mapping.theirs_of.get(name)
        value = self.row.at(theirs) if theirs is not None else None
        return "" if value is None else value

    def take(self, name: str, read: Callable[[Any], Any]) -> Any:
        """Return the field as read; a value that cannot be taken becomes a problem."""
        value = self.given(name)
        try:
            return read(value)
        except ValueError as error:
            self._refuse(name, value, str(error))
            return None

    def plain(self) -> dict[str, Callable[[Any], Any]]:
        """Return how each field is read that depends on no other."""
        return {
            "external_id": lambda v: _text(v, limit=MAX_EXTERNAL_ID, is_needed=True),
            "title": lambda v: " ".join(
                _text(v, limit=MAX_TITLE, is_needed=True).split()
            ),
            "description": lambda v: _text(v, limit=MAX_DESCRIPTION),
            "category": self._category,
            "severity": self._severity,
            "tlp": self._tlp,
            "is_danger": _danger,
        }

    def status(self, instants: Mapping[str, Any]) -> Callable[[Any], str]:
        """Return how the status is read; a row that says none tells it by its times."""

        def read(value: Any) -> str:
            said = word(value) or self.mapping.defaults.get("status", "")
            if not said:
                return "resolved" if instants.get("resolved_at") else "open"
            known = {**STATUS_WORDS, **self.mapping.statuses}
            if said not in known:
                message = f"Add it to [statuses] as one of {', '.join(STATUSES)}."
                raise Refused(message)
            return known[said]

        return read

    def instant(self, value: Any) -> datetime | None:
        """Return an instant; one without an offset is in the mapping's zone."""
        if value == "":
            return None
        moment = self._local(value)
        if moment is None:
            try:
                moment = parse_instant(value, field="")
            except Unreadable:
                message = (
                    "Write 2026-11-23T15:04:05+01:00 or an epoch number, "
                    "or set time_format in the mapping."
                )
                raise Refused(message) from None
        if moment and moment > self.now:
            raise Refused("It lies in the future; mend the time or the zone.")
        if moment and (remedy := out_of_range(moment, self.now)):
            raise Refused(remedy)
        return moment

    def facts(self) -> dict[str, Any]:
        """Return the facets of the taxonomy that the row fills."""
        given = {
            facet.key: self.given(f"facts.{facet.key}")
            for facet in FACETS
            if self.given(f"facts.{facet.key}") != ""
        }
        facts: dict[str, Any] = {}
        for key, value in given.items():
            sent = _split(value) if key in _MANY else value
            try:
                facts.update(parse_facets({key: sent}))
            except FacetError as error:
                self._refuse(f"facts.{key}", value, str(error).partition(": ")[2])
        return facts

    def labels(self) -> dict[str, str]:
        """Return the labels that the row fills."""
        names = [n for n in self.mapping.theirs_of if n.startswith(LABEL_PREFIX)]
        given = {name: as_text(self.given(name)).strip() for name in names}
        kept = {n.removeprefix(LABEL_PREFIX): v for n, v in given.items() if v}
        return clean_labels(kept)

    def check_order(self, instants: Mapping[str, datetime | None]) -> None:
        """Refuse an end that lies before its beginning."""
        opened_at, resolved_at = instants["opened_at"], instants["resolved_at"]
        if opened_at and resolved_at and resolved_at < opened_at:
            value = self.given("resolved_at")
            self._refuse("resolved_at", value, "It lies before opened_at; mend one.")

    def _refuse(self, name: str, value: Any, remedy: str) -> None:
        theirs = self.mapping.theirs_of.get(name, name)
        shown = as_text(value) if not isinstance(value, dict | list) else str(value)
        called = name if theirs == name else f"{theirs} ({name})"
        self.problems.append(Problem(called, shown[:MAX_SHOWN], remedy))

    def _local(self, value: Any) -> datetime | None:
        if not isinstance(value, str):
            return None
        text = value.strip()
        try:
            if self.mapping.time_format:
                moment = datetime.strptime(text, self.mapping.time_format)  # noqa: DTZ007  (its zone is the mapping's)
            else:
                moment = datetime.fromisoformat(text)
            if moment.tzinfo is None:
                moment = moment.replace(tzinfo=self.mapping.zone)
            return parse_instant(moment.isoformat(), field="")
        except (ValueError, OverflowError, Unreadable):
            return None

    def _category(self, value: Any) -> str:
        said = as_text(value).strip()
        if not said and "category" in self.mapping.defaults:
            return str(self.mapping.defaults["category"])
        mapped = self.mapping.categories.get(word(said))
        if mapped:
            return mapped
        try:
            return check_category(said.upper())
        except ValueError:
            where = "[categories]" if said else "[defaults]"
            message = f"Add it to {where} as a code of the taxonomy, such as WGT."
            raise Refused(message) from None

    def _severity(self, value: Any) -> int:
        said = as_text(value).strip()
        if not said and "severity" in self.mapping.defaults:
            return int(self.mapping.defaults["severity"])
        if (mapped := self.mapping.severities.get(word(said))) is not None:
            return mapped
        if said in {"0", "1", "2", "3", "4", "5"}:
            return int(said)
        # ServiceNow says "3 - Moderate": the word counts, for numbers differ by tool.
        plain = _NUMBERED.sub("", said)
        level = severity_from_tool(severity_word(plain))
        if level is None:
            where = "[severities]" if said else "[defaults]"
            raise Refused(f"Add it to {where} as a whole number from 0 to 5.")
        return level

    def _tlp(self, value: Any) -> str:
        said = as_text(value).strip()
        if not said:
            return str(self.mapping.defaults.get("tlp", DEFAULT_TLP.value))
        try:
            return check_tlp(said.upper())
        except ValueError as error:
            raise Refused(str(error)) from None


def _text(value: Any, *, limit: int, is_needed: bool = False) -> str:
    if isinstance(value, dict | list):
        raise Refused("Send a text, not an object or a list.")
    text = as_text(value).strip()
    if is_needed and not text:
        raise Refused("It is empty; fill it or leave the row out.")
    if len(text) > limit:
        message = f"It has {len(text)} characters; shorten it to {limit}."
        raise Refused(message)
    return text


def _danger(value: Any) -> bool | None:
    said = word(as_text(value) if not isinstance(value, bool) else value)
    if said and said not in _DANGER:
        raise Refused("Write yes, no or unknown.")
    return _DANGER.get(said)


def _split(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    return [item.strip() for item in value.replace(";", ",").split(",") if item.strip()]
