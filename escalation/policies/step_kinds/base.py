"""What a kind of step brings along; each kind has a file here and a row in `table.py`."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol


class AnyStep(Protocol):
    """A step of some kind: a frozen dataclass of values, hashable and comparable."""

    kind: ClassVar[str]


@dataclass(frozen=True, slots=True)
class StepKind:
    """One kind: how it is read, written back and said.

    `parse(members, where)` raises PolicyError; `to_body` gives what it reads, without
    the kind; `describe` gives one sentence without a full stop.
    """

    step: type[Any]
    parse: Callable[[Mapping[str, object], str], Any]
    to_body: Callable[[Any], dict[str, object]]
    describe: Callable[[Any], str]
