"""Put the record's entries into the words of the timeline."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
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


def lines_of(items: Sequence[TimelineItem]) -> list[Line]:
    """Return the entries as lines, newest first."""
    return [_line(item) for item in reversed(items)]


def _line(item: TimelineItem) -> Line:
    summary, text = item.summary, ""
    if item.kind in _WRITTEN:
        summary, text = _WRITTEN[item.kind], str(item.data.get("text", ""))
        if item.data.get("attachments"):
            summary, text = "File attached", text.removeprefix("attached ")
        if item.data.get("is_shared"):
            summary += ", shared with the other side"
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
    )


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
