"""Say a message in few words, for a text message and for a voice. Free of Django.

Only what the label lets these channels carry is used: the subject, which was cut to
it, the reference and the severity. Never a title, never a description.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from escalation.notifications import retry
from escalation.notifications.render import Message, one_line

# One part of a text message in the GSM alphabet; more parts may arrive out of order.
SMS_CHARACTERS: Final = 160

_HAPPENS: Final[Mapping[str, str]] = MappingProxyType(
    {
        retry.PAGE: "you are paged",
        retry.FALLBACK: "nobody has acknowledged, you are the last contact",
        retry.EXHAUSTED: "every step is taken, nobody has acknowledged",
        retry.UNREACHABLE: "a step of the escalation reached nobody",
        retry.SHARE: "an incident is shared with you",
        retry.QUESTION: "there is a question to you",
        retry.ANSWER: "your question is answered",
        retry.CLOCK: "a deadline is near",
        retry.OVERDUE: "a deadline has passed",
        retry.DECISION: "you are asked for a statutory decision",
        retry.DIGEST: "several pages in one",
        retry.RECEIPT: "your answer has arrived",
        retry.GONE: "a contact method does not work any more",
        retry.REPORT: "something waits in an anonymous report",
        retry.MAIL: "an e-mail is held for review",
        retry.RECORD: "the record was changed or is damaged",
        retry.QUORUM: "the log lacks its witnesses",
        retry.QUORUM_BACK: "its witnesses vouch for the log again",
        retry.RETENTION: "values of the record are erased",
        retry.FILING: "there is news of a statutory filing",
        retry.SILENCE: "it holds back alerts that fire",
    }
)
_NOT_YOU: Final = "If you did not ask for it, do nothing."


def sms_text(message: Message, *, purpose: str, reply_code: str = "") -> str:
    """Return at most 160 ASCII signs: what, how to acknowledge, and where, as fits.

    >>> page = Message("[SEV4] INC-7", "", "https://t.example/incidents/INC-7/", {})
    >>> sms_text(page, purpose="page", reply_code="482139")  # doctest: +ELLIPSIS
    '[SEV4] INC-7: you are paged. Reply 482139 to acknowledge. https://t.example/...'
    """
    if purpose == retry.VERIFY:
        code = str(message.data.get("code", ""))
        return _ascii(f"Your Tocsin code is {code}. {_NOT_YOU}")
    head = f"{message.subject}: {_HAPPENS[purpose]}."
    text = one_line(_ascii(head), limit=SMS_CHARACTERS // 2)
    reply = f"Reply {reply_code} to acknowledge." if reply_code else ""
    for part in filter(None, (reply, message.url)):
        # A link that is cut leads nowhere: it is whole or absent.
        if len(text) + 1 + len(part) <= SMS_CHARACTERS:
            text += f" {part}"
    return _ascii(text)


def spoken_text(message: Message, *, purpose: str) -> str:
    """Return what a voice says; references and codes are spelled out."""
    if purpose == retry.VERIFY:
        code = _spelled(str(message.data.get("code", "")))
        return f"This is Tocsin. Your code is {code}. Again: {code}. {_NOT_YOU}"
    ref = str(message.data.get("ref", ""))
    severity = message.data.get("severity")
    parts = [
        "This is Tocsin:",
        f"{_HAPPENS[purpose]}.",
        f"Severity {severity}." if severity is not None else "",
        f"Incident {_spelled(ref)}." if ref else "",
    ]
    return _ascii(" ".join(part for part in parts if part))


def _ascii(text: str) -> str:
    """Return the text in ASCII: one other sign would halve what a message holds."""
    plain = text.replace("…", "...")
    return plain.encode("ascii", "replace").decode("ascii")


def _spelled(text: str) -> str:
    return ", ".join(sign for sign in text if sign.isalnum())
