"""Write what a message says: what happens, what is due, whose move it is. Free of Django.

Every message is cut here to what its TLP label lets its channel carry. The subject of
all messages about one incident is the same, so that mail programs keep them together.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from escalation.notifications import retry
from incidents.incident.severity import severity_at
from incidents.incident.taxonomy import category_named
from incidents.incident.tlp import Content, content_for, parse_tlp
from incidents.ledger.canonical import JsonValue, canonical_json, format_at

if TYPE_CHECKING:
    from incidents.models import Incident

SUBJECT_CHARACTERS: Final = 160


@dataclass(frozen=True, slots=True)
class Message:
    """What goes out, whatever the channel. `data` is for machines."""

    subject: str
    text: str
    url: str
    data: dict[str, JsonValue]

    def as_json(self) -> dict[str, Any]:
        """Return it as the outbox keeps it."""
        return {
            "subject": self.subject,
            "text": self.text,
            "url": self.url,
            "data": self.data,
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> "Message":
        """Undo `as_json`."""
        return cls(value["subject"], value["text"], value["url"], value["data"])

    def sha256(self) -> str:
        """Return the digest that the record keeps, in hexadecimal."""
        return hashlib.sha256(canonical_json(self.as_json())).hexdigest()


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageFacts:
    """All that a message about an incident may be made of.

    `organisation` is the reader's, `owner` the lab that the incident belongs to.
    `why` goes with every message, so it tells nothing of the incident; `note` is what a
    person wrote and goes where the title may. `next_who` is notified at `next_at` if nobody acknowledges.
    """

    purpose: str
    channel: str
    ref: str
    title: str
    description: str
    severity: int
    tlp: str
    category: str
    owner: str
    opened_at: datetime
    url: str
    organisation: str
    inside: bool = True
    why: str = ""
    note: str = ""
    next_at: datetime | None = None
    next_who: str = ""
    body_text: str = ""


@dataclass(frozen=True, slots=True)
class _Purpose:
    """The sentences of one purpose; `{owner}` and `{organisation}` are filled in."""

    happens: str
    move: str


_PURPOSES: Final[dict[str, _Purpose]] = {
    retry.PAGE: _Purpose(
        "You are paged.", "It is your move: acknowledge it, then act on it."
    ),
    retry.FALLBACK: _Purpose(
        "Nobody has acknowledged this. You are the last contact on the path.",
        "It is your move: acknowledge it, or find somebody who does.",
    ),
    retry.EXHAUSTED: _Purpose(
        "Every step of the escalation path was taken and nobody has acknowledged.",
        "It is the move of {organisation}: make sure that somebody has it.",
    ),
    retry.UNREACHABLE: _Purpose(
        "A step of the escalation path reached nobody, so the next one was taken.",
        "It is the move of {organisation}: somebody must be reachable for this step.",
    ),
    retry.DECISION: _Purpose(
        "Somebody must decide whether a law wants this incident reported.",
        "It is the move of an approver of {organisation}: decide, with a reason.",
    ),
    retry.CLOCK: _Purpose(
        "A deadline is near.", "It is the move of {organisation}: see that it is met."
    ),
    retry.OVERDUE: _Purpose(
        "A deadline has passed.",
        "It is the move of {organisation}: do what is overdue, and say what happened.",
    ),
    retry.SHARE: _Purpose(
        "{owner} has shared this incident with {organisation}.",
        "It is the move of {organisation}: triage it.",
    ),
    retry.QUESTION: _Purpose(
        "There is a question to {organisation} about this incident.",
        "It is the move of {organisation}: answer it on the incident's page.",
    ),
    retry.ANSWER: _Purpose(
        "Your question about this incident was answered.",
        "It is the move of {organisation}: read the answer and go on with triage.",
    ),
    retry.FILING: _Purpose(
        "There is news of a statutory filing.",
        "It is the move of {organisation}: open the filing.",
    ),
}


def facts_of(
    incident: "Incident",
    *,
    purpose: str,
    channel: str,
    organisation_name: str,
    base_url: str,
    **more: Any,
) -> MessageFacts:
    """Gather the facts of an incident; `more` are further fields of `MessageFacts`.

    Requires the incident's organisation to be loaded.
    """
    return MessageFacts(
        purpose=purpose,
        channel=channel,
        ref=incident.ref,
        title=incident.title,
        description=incident.description,
        severity=incident.severity,
        tlp=incident.tlp,
        category=incident.category,
        owner=incident.organisation.name,
        opened_at=incident.opened_at,
        url=base_url + incident.get_absolute_url(),
        organisation=organisation_name,
        **more,
    )


def render_message(facts: MessageFacts) -> Message:
    """Write one message, cut to what its label lets its channel carry."""
    content = content_for(facts.tlp, facts.channel, inside=facts.inside)
    parts = [
        _happens(facts, content),
        _incident(facts, content),
        facts.note.strip() if content >= Content.HEADLINE else "",
        _body(facts, content),
        _due(facts),
        _limits(facts, content),
    ]
    return Message(
        subject=_subject(facts, content),
        text="\n\n".join(part for part in parts if part),
        url=facts.url,
        data=_data(facts, content),
    )


def one_line(text: str, *, limit: int = SUBJECT_CHARACTERS) -> str:
    """Return the text as one line without control characters, cut to `limit`."""
    printable = "".join(sign if sign.isprintable() else " " for sign in text)
    line = " ".join(printable.split())
    return line if len(line) <= limit else line[: limit - 1].rstrip() + "…"


def _subject(facts: MessageFacts, content: Content) -> str:
    if content < Content.OUTLINE:
        return f"[Tocsin] {facts.ref}"
    subject = f"[SEV{facts.severity}] {facts.ref}"
    if content >= Content.HEADLINE:
        subject += f" {facts.title}"
    return one_line(subject)


def _happens(facts: MessageFacts, content: Content) -> str:
    owner = facts.owner if content >= Content.HEADLINE else "A lab"
    happens = _PURPOSES[facts.purpose].happens.format(
        owner=owner, organisation=facts.organisation
    )
    return f"{happens} {facts.why}".strip()


def _incident(facts: MessageFacts, content: Content) -> str:
    if content < Content.OUTLINE:
        return f"Incident {facts.ref}."
    level = f"severity {facts.severity} ({severity_at(facts.severity).name})"
    if content < Content.HEADLINE:
        return f"Incident {facts.ref}, {level}."
    category = category_named(facts.category)
    named = category.name if category else facts.category
    lines = [
        one_line(facts.title, limit=300),
        f"Incident {facts.ref}, {level}. {named}.",
        f"{facts.owner}, opened {_instant(facts.opened_at)}.",
    ]
    return "\n".join(lines)


def _body(facts: MessageFacts, content: Content) -> str:
    if content < Content.FULL:
        return ""
    return (facts.body_text or facts.description).strip()


def _due(facts: MessageFacts) -> str:
    move = _PURPOSES[facts.purpose].move.format(organisation=facts.organisation)
    if facts.next_at is None:
        return move
    who = facts.next_who or "the next step"
    return f"{move}\nWithout an acknowledgement by {_instant(facts.next_at)}: {who}."


def _limits(facts: MessageFacts, content: Content) -> str:
    tlp = parse_tlp(facts.tlp)
    held_back = (
        ""
        if content >= Content.FULL
        else " The rest may not travel this way: sign in to read it."
    )
    return f"{tlp.label}. {tlp.meaning}{held_back}"


def _data(facts: MessageFacts, content: Content) -> dict[str, JsonValue]:
    data: dict[str, JsonValue] = {
        "purpose": facts.purpose,
        "ref": facts.ref,
        "url": facts.url,
        "tlp": facts.tlp,
        "organisation": facts.organisation,
    }
    if content >= Content.OUTLINE:
        data["severity"] = facts.severity
    if content >= Content.HEADLINE:
        data |= {
            "title": one_line(facts.title, limit=300),
            "category": facts.category,
            "owner": facts.owner,
            "opened_at": format_at(facts.opened_at),
        }
    if facts.why:
        data["why"] = facts.why
    if facts.next_at is not None:
        data["next_at"] = format_at(facts.next_at)
    return data


def _instant(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%H:%M UTC, %a %d %b %Y}"
