"""Read the fields of one table of the file, noting what is wrong with each.

Each reader gives a harmless value after a problem, so that reading goes on and the
rest of the file is checked too. Nothing read from a file with problems is used.
"""

import re
from collections.abc import Collection, Mapping
from typing import Any, Final, TypeVar

from escalation.worldfile.positions import Path
from escalation.worldfile.problems import Problems

REQUIRED: Final = object()
MAX_TEXT: Final = 500

Instead = TypeVar("Instead")

_SLUG = re.compile(r"[a-z0-9][a-z0-9-]{0,59}")
_EMAIL = re.compile(r"[^@\s]{1,64}@[^@\s]{1,185}")


class Table:
    """One table, at its path; `finish` notes the fields that nobody asked for."""

    def __init__(self, values: object, *, path: Path, problems: Problems) -> None:
        self.path = path
        self.problems = problems
        self.values: Mapping[str, Any] = values if isinstance(values, dict) else {}
        self._known: set[str] = set()
        if not isinstance(values, dict):
            problems.add(path, f"{values!r} is not a table; write fields in it.")

    def has(self, name: str) -> bool:
        """Tell whether the field is there."""
        self._known.add(name)
        return name in self.values

    def raw(self, name: str, *, default: Any = None) -> Any:
        """Return the value as it stands, for a reader of its own."""
        self._known.add(name)
        return self.values.get(name, default)

    def text(self, name: str, *, default: object = REQUIRED) -> str:
        """Read a line of text."""
        value = self._value(name, default)
        if not isinstance(value, str) or len(value) > MAX_TEXT:
            remedy = f'Write text of at most {MAX_TEXT} characters, in "quotes".'
            return self._wrong(name, value, remedy, "")
        if default is REQUIRED and not value.strip() and name in self.values:
            return self._wrong(name, value, "It may not be empty.", "")
        return value

    def slug(self, name: str, *, default: object = REQUIRED) -> str:
        """Read a short name in an address."""
        value = self.text(name, default=default)
        if value and not _SLUG.fullmatch(value):
            remedy = "Use a-z, 0-9 and hyphens, at most 60 characters."
            return self._wrong(name, value, remedy, "")
        return value

    def email(self, name: str, *, default: object = REQUIRED) -> str:
        """Read an e-mail address; capitals do not count."""
        value = self.text(name, default=default).lower()
        if value and not _EMAIL.fullmatch(value):
            remedy = "Write an e-mail address like name@lab.example."
            return self._wrong(name, value, remedy, "")
        return value

    def choice(
        self, name: str, choices: Collection[str], *, default: object = REQUIRED
    ) -> str:
        """Read one of the given words."""
        value = self._value(name, default)
        if value not in choices and not (value == "" and name not in self.values):
            remedy = f"Use one of {', '.join(choices)}."
            return self._wrong(name, value, remedy, "")
        return str(value)

    def level(self, name: str, *, low: int, high: int, default: int) -> int:
        """Read a whole number within bounds."""
        value = self._value(name, default)
        is_whole = isinstance(value, int) and not isinstance(value, bool)
        if not is_whole or not low <= value <= high:
            remedy = f"Write a whole number from {low} to {high}."
            return self._wrong(name, value, remedy, low)
        return int(value)

    def flag(self, name: str, *, default: bool) -> bool:
        """Read true or false."""
        value = self._value(name, default)
        if not isinstance(value, bool):
            return self._wrong(name, value, "Write true or false.", default)
        return value

    def texts(self, name: str) -> tuple[str, ...]:
        """Read a list of texts; one that is not there is empty."""
        value = self._value(name, [])
        if not isinstance(value, list) or not all(isinstance(v, str) for v in value):
            return self._wrong(name, value, 'Write a list like ["a", "b"].', ())
        return tuple(value)

    def finish(self) -> None:
        """Note the fields that are unknown."""
        known = ", ".join(sorted(self._known))
        for name in self.values:
            if name not in self._known:
                message = f"{name!r} is no field here. Known are {known}."
                self.problems.add((*self.path, name), message)

    def _value(self, name: str, default: object) -> Any:
        self._known.add(name)
        if name in self.values:
            return self.values[name]
        if default is REQUIRED:
            self.problems.add((*self.path, name), "is missing; add it.")
            return ""
        return default

    def _wrong(
        self, name: str, value: object, remedy: str, instead: Instead
    ) -> Instead:
        if name in self.values:
            shown = repr(value)[:100]
            self.problems.add((*self.path, name), f"{shown} cannot be used. {remedy}")
        return instead
