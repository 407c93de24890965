"""Put the record's entries into the words of the timeline; fold what is not news."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from incidents.events.feed import TimelineItem
from incidents.incident.severity import severity_at
from incidents.organisations.roles import Role

# What a person wrote stands below the sentence, in their own lines.
_WRITTEN: Final = {
    "incident.commented": "Comment",
    "triage.info_requested": "Question to the lab",
    "triage.info_answered": "Answer to the agency",
}
# What the sentence says already, or what only programs need.
_SAID: Final = {
    *("text", "title", "description", "ref", "what", "reason"),
    *("how", "via", "other"),
}


# The value of ?show= that unfolds what is folded away at first.
SHOW: Final = "show"
EVERYTHING: Final = "everything"
# What the ladder, the cards of clocks and the list of notifications show too.
_FOLDED_KINDS: Final = (
    *("run.step_taken", "run.step_skipped"),
    *("clock.started", "clock.duty_started", "clock.warned", "clock.moved"),
    "clock.cancelled",
)
_FOLDED_FAMILY: Final = "notification."
_INSTANT: Final = re.compile(
    r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)"
)
# Fields whose values are codes of the product's own.
_CODED: Final = ("verdict",)


@dataclass(frozen=True, slots=True)
class Line:
    """One entry as the page shows it."""

    seq: int
    kind: str
    at: datetime
    summary: str
    text: str
    actor_text: str
    data: dict[str, str]
    erased: str


@dataclass(frozen=True, slots=True)
class TimelineView:
    """The lines that are shown, and how to see the others."""

    lines: list[Line]
    folded: int
    is_whole: bool
    url: str

    @property
    def folded_text(self) -> str:
        """Return how many lines the other view has more."""
        if self.folded == 1:
            return "1 message or step"
        return f"{self.folded} messages and steps"

    @property
    def query(self) -> str:
        """Return what keeps the choice in the address of a poll."""
        return f"&{SHOW}={EVERYTHING}" if self.is_whole else ""


def timeline_view(
    items: Sequence[TimelineItem],
    *,
    url: str,
    is_whole: bool,
    names: Mapping[str, str] | None = None,
) -> TimelineView:
    """Return what people did and what began and ended, or everything; newest first.

    `folded` counts messages and single steps, which are left out unless `is_whole`.
    `url` leads to the other view of the page at `url`. `names` says what ids are called.
    """
    kept = [item for item in items if not _is_folded(item.kind)]
    other = "" if is_whole else f"?{SHOW}={EVERYTHING}"
    return TimelineView(
        lines=[
            _line(item, names or {}) for item in reversed(items if is_whole else kept)
        ],
        folded=len(items) - len(kept),
        is_whole=is_whole,
        url=f"{url}{other}#timeline",
    )


def _is_folded(kind: str) -> bool:
    return kind in _FOLDED_KINDS or kind.startswith(_FOLDED_FAMILY)


def _line(item: TimelineItem, names: Mapping[str, str]) -> Line:
    summary, text = _in_words(item, names), ""
    if item.kind in _WRITTEN:
        summary, text = _WRITTEN[item.kind], str(item.data.get("text", ""))
        if item.data.get("attachments"):
            summary, text = "File attached", text.removeprefix("attached ")
        if item.data.get("is_shared"):
            summary += ", shared with the other side"
        if item.data.get("via"):
            summary += f", {item.data['via']}"
    if item.kind == "run.step_taken" and item.data.get("recipients"):
        told = ", ".join(str(name) for name in item.data["recipients"])
        summary = f"Step {item.data['step']}: {item.data['what']}: {told}"
    return Line(
        seq=item.seq,
        kind=item.kind,
        at=item.at,
        summary=summary[:1].upper() + summary[1:],
        text=text,
        actor_text=_actor_text(item.actor),
        data={k: _value(k, v) for k, v in item.data.items() if k not in _SAID},
        erased=item.erased,
    )


def _in_words(item: TimelineItem, names: Mapping[str, str]) -> str:
    """Return the entry's sentence with instants, names and codes as people say them."""
    summary = _INSTANT.sub(_instant, item.summary)
    for code in (str(item.data[name]) for name in _CODED if item.data.get(name)):
        summary = summary.replace(code, code.replace("_", " "))
    id_ = item.data.get("regime", "")
    return summary.replace(f"under {id_}", f"under {names.get(id_, id_)}")


def _instant(found: re.Match[str]) -> str:
    at = datetime.fromisoformat(found[0]).astimezone(UTC)
    return f"{at:%-d %b %Y, %H:%M:%S} UTC"


def _actor_text(actor: dict[str, Any]) -> str:
    """Return who did it: name, role and organisation, as far as the reader may know."""
    role = actor.get("role", "")
    label = str(Role(role).label) if role in Role.values else str(role)
    kinds = {"source": "monitoring source", "reporter": "reporter"}
    words = [actor.get("name", ""), label or kinds.get(actor.get("kind", ""), "")]
    return ", ".join(str(w) for w in [*words, actor.get("organisation", "")] if w)


def _value(name: str, value: Any) -> str:
    if name == "severity" and isinstance(value, int):
        return f"{value} {severity_at(value).name}"
    if isinstance(value, dict):
        return ", ".join(f"{key}: {inner}" for key, inner in value.items())
    if isinstance(value, list):
        return "; ".join(_value("", item) for item in value)
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value)
