"""What a row of the table of places says."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from tests.access.scene import Scene

Arguments = Callable[[Scene], dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Place:
    """One method of one address.

    `kind` is: public; account (the reader's own); incident (an incident's address); lab
    (something of the lab alone); list; make (a collection that is posted to). `act` is
    what the person does there, for the table of roles.
    """

    kind: str
    arguments: Arguments = field(default=lambda _: {})
    body: dict[str, Any] = field(default_factory=dict)
    act: str = ""
