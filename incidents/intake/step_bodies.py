"""Say what is recorded of a change of an alert's state; the actor names its source."""

from typing import Any

from incidents.intake.news import Step, StepKind
from incidents.ledger.canonical import format_at


def body_of(step: Step) -> dict[str, Any]:
    """Return the body of a step's entry."""
    alert = step.news.alert
    if step.kind in (StepKind.ACKNOWLEDGED, StepKind.NOTED):
        said = {"text": alert.summary} if alert.summary else {}
        return {"dedup": step.news.dedup, **said}
    body: dict[str, Any] = {"title": alert.title, "dedup": step.news.dedup}
    body |= _times_of(step)
    if step.news.reason:
        body["reason"] = step.news.reason
    if step.kind is StepKind.RESOLVED:
        return body
    body["severity"] = alert.severity
    if alert.labels:
        # Names in the record are ASCII; those of labels need not be.
        body["labels"] = {_in_ascii(n): value for n, value in alert.labels.items()}
    if alert.url:
        body["url"] = alert.url
    return body


def _times_of(step: Step) -> dict[str, str]:
    alert, is_end = step.news.alert, step.kind is StepKind.RESOLVED
    told = alert.ended_at if is_end else alert.started_at
    times = {"ended_at" if is_end else "started_at": format_at(told)} if told else {}
    if told != step.news.event_at:
        times["event_at"] = format_at(step.news.event_at)
    return times


def _in_ascii(name: str) -> str:
    return name.encode("ascii", "backslashreplace").decode("ascii")
