"""Write a digest: how many more pages there are, and about what. Free of Django.

A label says how much of its incident a line may hold; a reference says nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from escalation.notifications.render import Message, one_line
from incidents.incident.tlp import Content, content_for

MAX_LINES: Final = 20


@dataclass(frozen=True, slots=True)
class Gathered:
    """One page of a digest."""

    uid: str
    ref: str
    title: str
    severity: int
    tlp: str


def digest_message(
    pages: Sequence[Gathered],
    *,
    paged_for: int,
    channel: str,
    organisation: str,
    url: str,
) -> Message:
    """Return the message for these pages, the most severe incident first.

    Whoever gets it was paged by itself for something of severity `paged_for`, or more.
    """
    incidents = {page.ref: page for page in pages}
    ordered = sorted(incidents.values(), key=lambda page: (-page.severity, page.ref))
    many = "1 more page" if len(pages) == 1 else f"{len(pages)} more pages"
    lines = [_line(page, channel) for page in ordered[:MAX_LINES]]
    if len(ordered) > MAX_LINES:
        lines.append(f"and {len(ordered) - MAX_LINES} more incidents")
    calm = (
        " Nothing more severe than what you were paged for already is among them."
        if all(page.severity <= paged_for for page in ordered)
        else ""
    )
    text = (
        f"{many} for {organisation}, gathered because so many came at once.{calm}\n\n"
        + "\n".join(lines)
        + "\n\nIt is your move: look through them and acknowledge what you take."
    )
    return Message(
        subject=f"[Tocsin] {many}",
        text=text,
        url=url,
        data={
            "purpose": "digest",
            "organisation": organisation,
            "url": url,
            "count": len(pages),
            "refs": [page.ref for page in ordered],
            "notifications": [page.uid for page in pages],
        },
    )


def _line(page: Gathered, channel: str) -> str:
    content = content_for(page.tlp, channel, inside=True)
    line = page.ref
    if content >= Content.OUTLINE:
        line += f", severity {page.severity}"
    if content >= Content.HEADLINE:
        line += f": {page.title}"
    return one_line(line)
