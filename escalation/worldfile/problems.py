"""Gather everything that is wrong with a file, so that one run tells it all."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar

from escalation.worldfile.positions import Path, line_of
from incidents.errors import TocsinError

_PART = re.compile(r"([a-z_]+)|\[(\d+)\]")
_PLACE = re.compile(r"([a-z_]+(?:\[\d+\])*(?:\.[a-z_]+(?:\[\d+\])*)*): ")


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong: where it stands, and what to do about it."""

    line: int
    field: str
    message: str

    def __str__(self) -> str:
        where = f"line {self.line}, {self.field}" if self.field else f"line {self.line}"
        return f"{where}: {self.message}"


class WorldFileInvalid(TocsinError):
    """The file cannot be applied."""

    code: ClassVar[str] = "world_file_invalid"
    status: ClassVar[int] = 422

    def __init__(self, problems: list[Problem]) -> None:
        self.problems = problems
        super().__init__("\n".join(str(problem) for problem in problems))


@dataclass(slots=True)
class Problems:
    """The problems found so far, and the lines on which values stand."""

    lines: Mapping[Path, int] = field(default_factory=dict)
    found: list[Problem] = field(default_factory=list)
    _places: set[str] = field(default_factory=set)

    def add(self, path: Path, message: str) -> None:
        """Note a problem with the value at this path; the first one there stands."""
        where = shown(path)
        if where not in self._places:
            self._places.add(where)
            self.found.append(Problem(line_of(self.lines, path), where, message))

    def add_within(self, path: Path, message: str) -> None:
        """Note a problem whose message begins with a place below the path.

        `steps[1].minutes: …` of the policy at `("policies", 0)` is told on its line.
        """
        place = _PLACE.match(message)
        if place is None:
            self.add(path, message)
            return
        parts = _PART.findall(place.group(1))
        below = tuple(int(index) if index else name for name, index in parts)
        self.add((*path, *below), message[place.end() :])

    def raise_if_any(self) -> None:
        """Raise WorldFileInvalid with all of them, top of the file first."""
        if self.found:
            raise WorldFileInvalid(sorted(self.found, key=lambda one: one.line))


def shown(path: Path) -> str:
    """Write a path as people read it: people[2].email, counted from 0."""
    parts = (f"[{part}]" if isinstance(part, int) else f".{part}" for part in path)
    return "".join(parts).removeprefix(".")
