"""Take the keys of a regime's file one by one; what is wrong names file, key and remedy."""

from dataclasses import dataclass
from datetime import date, datetime, time
from enum import StrEnum
from typing import Any, Final, TypeVar

Choice = TypeVar("Choice", bound=StrEnum)

# Longer periods would leave the calendar of years with four digits.
MOST: Final = 10_000


class RegimeError(ValueError):
    """A file that cannot be used: `file`, `key` as a path in it, and what to do."""

    def __init__(self, file: str, key: str, remedy: str) -> None:
        self.file, self.key, self.remedy = file, key, remedy
        super().__init__(f"{file}: {key}: {remedy}")


@dataclass
class Table:
    """One table of the file, of which each key is taken once."""

    file: str
    path: str
    body: dict[str, Any]

    def error(self, key: str, remedy: str) -> RegimeError:
        """Return the error about a key of this table."""
        return RegimeError(self.file, f"{self.path}{key}", remedy)

    def text(self, key: str, *, is_needed: bool = True) -> str:
        """Take a text. Raises RegimeError."""
        value = self._take(key, str, "a text", is_needed=is_needed)
        if is_needed and not value:
            raise self.error(key, "Write a text; it may not be empty.")
        return value or ""

    def texts(self, key: str) -> tuple[str, ...]:
        """Take a list of texts, none where there is none. Raises RegimeError."""
        values = self._take(key, list, "a list of texts", is_needed=False) or []
        if any(not isinstance(one, str) or not one for one in values):
            raise self.error(key, "Write a list of texts.")
        return tuple(values)

    def number(self, key: str) -> int:
        """Take a whole number above zero, at most `MOST`. Raises RegimeError."""
        value = self._take(key, int, "a whole number", is_needed=True)
        if isinstance(value, bool) or not 1 <= value <= MOST:
            remedy = f"Write a whole number above zero, at most {MOST}."
            raise self.error(key, remedy)
        return int(value)

    def is_set(self, key: str) -> bool:
        """Take a yes or no, no where there is none. Raises RegimeError."""
        return bool(self._take(key, bool, "true or false", is_needed=False))

    def day(self, key: str, *, is_needed: bool = True) -> date | None:
        """Take a date. Raises RegimeError."""
        wanted = "a date such as 2026-11-23"
        value: date | None = self._take(key, date, wanted, is_needed=is_needed)
        # A point in time is a date to Python, and cannot be compared with one.
        if isinstance(value, datetime):
            raise self.error(key, f"Write {wanted}, without a time.")
        return value

    def clock_time(self, key: str) -> time | None:
        """Take a local time. Raises RegimeError."""
        value: time | None = self._take(
            key, time, "a time such as 17:30:00", is_needed=False
        )
        return value

    def choice(
        self, key: str, kind: type[Choice], default: Choice | None = None
    ) -> Choice:
        """Take one of a kind's words. Raises RegimeError."""
        value = self.text(key, is_needed=default is None)
        if not value and default is not None:
            return default
        try:
            return kind(value)
        except ValueError:
            words = ", ".join(kind)
            raise self.error(
                key, f"{value!r} is unknown: use one of {words}."
            ) from None

    def tables(self, key: str) -> list["Table"]:
        """Take a list of tables. Raises RegimeError."""
        rows = self._take(key, list, f"[[{key}]]", is_needed=False) or []
        if any(not isinstance(row, dict) for row in rows):
            raise self.error(key, f"Write each as [[{key}]].")
        return [
            Table(self.file, f"{self.path}{key}[{number}].", dict(row))
            for number, row in enumerate(rows)
        ]

    def end(self) -> None:
        """Raise RegimeError for a key that nobody took."""
        for key in self.body:
            raise self.error(key, "This key is unknown: correct or remove it.")

    def _take(self, key: str, kind: type, wanted: str, *, is_needed: bool) -> Any:
        if key not in self.body:
            if is_needed:
                raise self.error(key, f"It is missing: write {wanted}.")
            return None
        value = self.body.pop(key)
        if not isinstance(value, kind):
            raise self.error(key, f"Write {wanted}, not {value!r}.")
        return value
