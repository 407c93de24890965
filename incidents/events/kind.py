"""What a kind of event is: its fields, who may read which of them, and its sentence."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from incidents.events.models import Purpose


@dataclass(frozen=True, slots=True)
class Kind:
    """What may be recorded under one name.

    One that outlives the share goes to the other side's own stream once their pair is
    closed.
    """

    name: str
    summary: str
    fields: frozenset[str]
    shared: frozenset[str] | None = None
    purpose: Purpose = Purpose.PRIVATE
    personal: frozenset[str] = field(default_factory=frozenset)
    apart: frozenset[str] = field(default_factory=frozenset)
    outlives_share: bool = False

    def grouped(self, body: Mapping[str, Any]) -> dict[str, Any]:
        """Return the fields as they are disclosed: content apart, the rest as one."""
        alone = {name: value for name, value in body.items() if name in self.apart}
        rest = {name: value for name, value in body.items() if name not in self.apart}
        return {BODY: rest, **alone} if rest else alone

    def summarise(self, data: Mapping[str, Any]) -> str:
        """Return the entry's sentence; what the reader may not see is left out."""
        sentence = self.summary.format_map(_Blanks(data)).replace(" :", ":")
        return sentence.strip().rstrip(":").strip()


class _Blanks(dict[str, Any]):
    """Field values for a sentence; an absent field reads as nothing."""

    def __missing__(self, key: str) -> str:
        return ""

    def __getitem__(self, key: str) -> Any:
        value = super().__getitem__(key)
        if isinstance(value, list):
            return ", ".join(str(item) for item in value)
        return value


def make_kind(  # noqa: PLR0913  (one row of a table)
    name: str,
    summary: str,
    fields: str = "",
    *,
    shared: str | None = None,
    purpose: Purpose = Purpose.PRIVATE,
    personal: str = "",
    apart: str = "",
    outlives_share: bool = False,
) -> Kind:
    """Return a kind from lists of fields in one text each."""
    other = None if shared is None else frozenset(shared.split())
    own = frozenset(fields.split()) | (other or frozenset())
    of_a_person = frozenset(personal.split())
    alone = (own & CONTENT) | of_a_person | frozenset(apart.split())
    return Kind(name, summary, own, other, purpose, of_a_person, alone, outlives_share)


# Fields that may one day have to be withheld or erased alone get a disclosure of their
# own; an entry's other fields share one, named `body`.
CONTENT: Final = frozenset(
    {"title", "description", "facts", "labels", "url", "text", "attachments", "detail"}
)
BODY: Final = "body"
