"""Label what may be shared with whom, and what of it may leave by which channel.

The label binds people; the table below binds the product. A page after sign-in is
not a channel: there access rules decide. What leaves the system is cut to the
smaller of two limits: the label's, for a recipient inside or outside, and the
channel's own.

| label        | inside                 | outside                |
|--------------|------------------------|------------------------|
| RED          | pointer                | pointer                |
| AMBER+STRICT | headline               | outline                |
| AMBER        | full                   | outline                |
| GREEN        | full                   | headline               |
| CLEAR        | full                   | full                   |

*Inside*: the recipient belongs to the incident's owner or to an organisation that it
is shared with. *pointer*: reference and link. *outline*: also severity.
*headline*: also the title. *full*: also the description.

>>> content_for("AMBER+STRICT", "email", inside=True).name
'HEADLINE'
>>> may_carry_content("RED", "email", inside=True)
False

Source: FIRST, Traffic Light Protocol 2.0, https://www.first.org/tlp/ for the labels;
the table is our own.
"""

from collections.abc import Iterable
from enum import IntEnum, StrEnum


class Tlp(StrEnum):
    """A sharing label, strictest first. The spelling is fixed and never translated."""

    RED = "RED"
    AMBER_STRICT = "AMBER+STRICT"
    AMBER = "AMBER"
    GREEN = "GREEN"
    CLEAR = "CLEAR"

    @property
    def label(self) -> str:
        """Return the label as it is printed."""
        return f"TLP:{self.value}"

    @property
    def meaning(self) -> str:
        """Say in plain words who may know."""
        return _MEANINGS[self]


class Content(IntEnum):
    """How much of an incident a message holds, least first."""

    POINTER = 0
    OUTLINE = 1
    HEADLINE = 2
    FULL = 3


DEFAULT_TLP = Tlp.AMBER_STRICT
TLP_CHOICES: list[tuple[str, str]] = [(tlp.value, tlp.label) for tlp in Tlp]

_MEANINGS: dict[Tlp, str] = {
    Tlp.RED: "Only for the people it was given to by name. Pass it to nobody.",
    Tlp.AMBER_STRICT: "Only inside the receiving organisation, for those who need it.",
    Tlp.AMBER: "The receiving organisation and its clients, for those who need it.",
    Tlp.GREEN: "The community, but never in public.",
    Tlp.CLEAR: "Anyone. There is no limit.",
}

_INSIDE: dict[Tlp, Content] = {
    Tlp.RED: Content.POINTER,
    Tlp.AMBER_STRICT: Content.HEADLINE,
    Tlp.AMBER: Content.FULL,
    Tlp.GREEN: Content.FULL,
    Tlp.CLEAR: Content.FULL,
}
_OUTSIDE: dict[Tlp, Content] = {
    Tlp.RED: Content.POINTER,
    Tlp.AMBER_STRICT: Content.OUTLINE,
    Tlp.AMBER: Content.OUTLINE,
    Tlp.GREEN: Content.HEADLINE,
    Tlp.CLEAR: Content.FULL,
}
# "link" is the page behind an acknowledge link, open to whoever holds the link.
# A kind that is not listed is treated like one that anybody may overhear.
_CHANNEL_LIMITS: dict[str, Content] = {
    "email": Content.FULL,
    "webhook": Content.FULL,
    # Another company's servers keep what is written there.
    "slack": Content.HEADLINE,
    "teams": Content.HEADLINE,
    "apprise": Content.HEADLINE,
    # A locked phone shows it, a neighbour hears it, and the network reads it.
    "sms": Content.OUTLINE,
    "voice": Content.OUTLINE,
    "link": Content.HEADLINE,
}


def parse_tlp(text: str) -> Tlp:
    """Read a label, with or without the prefix. Raises ValueError."""
    try:
        return Tlp(text.removeprefix("TLP:"))
    except ValueError:
        known = ", ".join(Tlp)
        raise ValueError(f"tlp: {text!r} is not a label; use {known}") from None


def strictest(labels: Iterable[str]) -> Tlp:
    """Return the label that something made of these parts must carry.

    Parts without any label may not be shared at all, so none at all is RED.
    """
    order = list(Tlp)
    return min((parse_tlp(label) for label in labels), key=order.index, default=Tlp.RED)


def content_for(label: str, channel_kind: str, *, inside: bool) -> Content:
    """Return how much of an incident a message on this channel may hold."""
    tlp = parse_tlp(label)
    by_label = (_INSIDE if inside else _OUTSIDE)[tlp]
    return min(by_label, _CHANNEL_LIMITS.get(channel_kind, Content.HEADLINE))


def may_carry_content(label: str, channel_kind: str, *, inside: bool = False) -> bool:
    """Tell whether the title may go out on this channel; else send a pointer."""
    return content_for(label, channel_kind, inside=inside) >= Content.HEADLINE
