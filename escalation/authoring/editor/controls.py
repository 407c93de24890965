"""The parts of a sentence that can be changed: words, and form controls between them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import ClassVar

Option = tuple[str, str]
# Options under a heading; an empty heading is none.
Group = tuple[str, tuple[Option, ...]]


@dataclass(frozen=True, slots=True)
class Words:
    """Plain words between controls."""

    kind: ClassVar[str] = "words"
    text: str


@dataclass(frozen=True, slots=True)
class Select:
    """One choice of a list; `reshapes` says that other controls depend on it."""

    kind: ClassVar[str] = "select"
    name: str
    label: str
    value: str
    groups: tuple[Group, ...]
    reshapes: bool = False


@dataclass(frozen=True, slots=True)
class Number:
    """A whole number."""

    kind: ClassVar[str] = "number"
    name: str
    label: str
    value: object
    least: int = 1
    most: int = 10_080


@dataclass(frozen=True, slots=True)
class Text:
    """A short text."""

    kind: ClassVar[str] = "text"
    name: str
    label: str
    value: str
    placeholder: str = ""


@dataclass(frozen=True, slots=True)
class Tick:
    """A box to tick."""

    kind: ClassVar[str] = "tick"
    name: str
    label: str
    value: str
    is_on: bool


Part = Words | Select | Number | Text | Tick


@dataclass(frozen=True, slots=True)
class Given:
    """What was posted for one place of the draft, whose names begin with `prefix`."""

    data: Mapping[str, str]
    prefix: str
    ticked: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def text(self, name: str) -> str:
        """Return a text, empty if nothing was sent."""
        return str(self.data.get(f"{self.prefix}:{name}", "")).strip()

    def number(self, name: str) -> object:
        """Return a whole number; what is none stays as it was typed, to be refused."""
        text = self.text(name)
        return int(text) if text.isascii() and text.isdecimal() else text

    def rows(self, name: str) -> Iterable["Given"]:
        """Return the places `name.0`, `name.1` … for which anything was sent."""
        index = 0
        while any(
            key.startswith(f"{self.prefix}:{name}.{index}:") for key in self.data
        ):
            yield Given(self.data, f"{self.prefix}:{name}.{index}")
            index += 1


def one_group(options: Iterable[Option]) -> tuple[Group, ...]:
    """Return options without a heading."""
    return (("", tuple(options)),)


def select(
    name: str, label: str, value: str, groups: tuple[Group, ...], **more: bool
) -> Select:
    """Return a choice in which its present value is always offered."""
    known = {option for _, options in groups for option, _ in options}
    if value not in known:
        shown = value.partition(":")[2] or value or "choose"
        missing = f"{shown} (not there any more)" if value else "choose one"
        groups = (("", ((value, missing),)), *groups)
    return Select(name, label, value, groups, **more)
