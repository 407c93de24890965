r"""Read the bytes of a mail: who, what, and which files. No bytes make it fail.

>>> letter = read_letter(b"From: Ada <ADA@a.example>\r\nSubject: Help\r\n\r\nIt burns.")
>>> letter.senders, letter.subject, letter.text
(('ada@a.example',), 'Help', 'It burns.')
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from email import message_from_bytes
from email.header import decode_header, make_header
from email.message import Message
from typing import Any, Final

from incidents.mail.html_text import text_of

MAX_FILES: Final = 50
MAX_SUBJECT: Final = 300
_MAX_DEPTH: Final = 30
# Controls that text does not hold, NUL among them, and halves of surrogate pairs.
_NOT_TEXT: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")
_MESSAGE_ID: Final = re.compile(r"<([^<>\s]{1,300})>")
_UNREADABLE: Final = "mail.eml"
_QUOTED: Final = re.compile(r'"(?:[^"\\]|\\.)*"')
_COMMENT: Final = re.compile(r"\([^()]*\)")
_ADDRESS: Final = r"[^\s<>()\[\],;:\\\"@]{1,200}@[^\s<>()\[\],;:\\\"@]{1,110}"
# Stricter than RFC 5322: whoever writes an address so that programs disagree on it
# counts as nobody.
_MAILBOX: Final = re.compile(rf"(?P<name>[^<>@]*)<\s*({_ADDRESS})\s*>|({_ADDRESS})")


@dataclass(frozen=True, slots=True)
class LetterFile:
    """A file that came with a mail."""

    filename: str
    content: bytes = field(repr=False)

    def chunks(self) -> Iterator[bytes]:
        """Return the bytes, as an upload does."""
        yield self.content


@dataclass(frozen=True, slots=True)
class Letter:
    """What a mail says. Addresses and names of headers are in lower case.

    Headers are not decoded: an encoded one must not pass for what a relay wrote.
    """

    subject: str
    senders: tuple[str, ...]
    sender_name: str
    message_id: str
    answers: tuple[str, ...]
    date: str
    text: str = field(repr=False)
    files: tuple[LetterFile, ...]
    headers: Mapping[str, tuple[str, ...]] = field(repr=False)

    @property
    def sender(self) -> str:
        """The one address in From; empty when there is none or more than one."""
        return self.senders[0] if len(self.senders) == 1 else ""


def read_letter(raw: bytes) -> Letter:
    """Return what the bytes say; what cannot be read as a mail is one file of it."""
    try:
        message = message_from_bytes(raw)
        headers, senders = _headers(message), _addresses(message)
        texts, files = _texts(message, 0), _files(message, 0)
    except Exception:  # hostile bytes make the parser raise anything
        headers, senders = {}, []
        texts = ["The mail could not be read; it is attached as it came."]
        files = [LetterFile(_UNREADABLE, raw)]
    return Letter(
        subject=_one_line(_decoded(_first(headers, "subject")))[:MAX_SUBJECT],
        senders=tuple(address for _, address in senders),
        sender_name=senders[0][0] if len(senders) == 1 else "",
        message_id=next(iter(_ids(headers, "message-id")), ""),
        answers=(*_ids(headers, "in-reply-to"), *reversed(_ids(headers, "references"))),
        date=_one_line(_first(headers, "date"))[:100],
        text=clean_text("\n\n".join(text for text in texts if text.strip())),
        files=tuple(files),
        headers=headers,
    )


def clean_text(text: str) -> str:
    """Return text that the database keeps, with plain line ends."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n")
    return _NOT_TEXT.sub("\ufffd", lines).strip()


def _headers(message: Message) -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for name, value in message.items():
        key = name.lower()
        found[key] = (*found.get(key, ()), clean_text(_unfolded(str(value))))
    return found


def _decoded(value: str) -> str:
    try:
        text = str(make_header(decode_header(_unfolded(value))))
    except Exception:  # unknown charsets and broken encodings of all kinds
        text = value
    return clean_text(text)


def _unfolded(value: str) -> str:
    return re.sub(r"\r?\n[ \t]+", " ", value)


def _texts(part: Message, depth: int) -> list[str]:
    """Return the texts that a reader sees, in their order."""
    if _is_file(part) or depth > _MAX_DEPTH:
        return []
    if part.get_content_maintype() != "multipart":
        text = _text(part)
        return [text_of(text) if part.get_content_subtype() == "html" else text]
    inner = [_texts(child, depth + 1) for child in _children(part)]
    if part.get_content_subtype() == "alternative":
        # The plain one stands first, by RFC 2046 §5.1.4; it may be there and empty.
        return next((texts for texts in inner if "".join(texts).strip()), [])
    return [text for texts in inner for text in texts]


def _files(part: Message, depth: int) -> list[LetterFile]:
    if _is_file(part) or depth > _MAX_DEPTH:
        return [_file(part)]
    if part.get_content_maintype() != "multipart":
        return []
    return [file for child in _children(part) for file in _files(child, depth + 1)]


def _children(part: Message) -> list[Message]:
    payload: Any = part.get_payload()
    return [child for child in payload if isinstance(child, Message)]


def _is_file(part: Message) -> bool:
    if part.get_content_maintype() == "multipart":
        return not part.is_multipart()
    if part.get_content_disposition() == "attachment" or part.get_filename():
        return True
    return part.get_content_type() not in {"text/plain", "text/html"}


def _file(part: Message) -> LetterFile:
    name = part.get_filename() or ""
    if part.is_multipart():
        # A mail in the mail, or what is nested too deep to be taken apart.
        inner = (
            part.get_payload(0) if part.get_content_maintype() == "message" else part
        )
        content = inner.as_bytes() if isinstance(inner, Message) else b""
        return LetterFile(_decoded(name) or _UNREADABLE, content)
    payload = part.get_payload(decode=True)
    content = payload if isinstance(payload, bytes) else b""
    kind = part.get_content_subtype()
    return LetterFile(_decoded(name) or f"attachment.{kind}"[:60], content)


def _text(part: Message) -> str:
    payload = part.get_payload(decode=True)
    data = payload if isinstance(payload, bytes) else b""
    charset = part.get_content_charset() or "utf-8"
    try:
        return data.decode(charset)
    except (LookupError, UnicodeError):
        return data.decode("utf-8", "replace")


def _addresses(message: Message) -> list[tuple[str, str]]:
    """Return (name, address) of all in From; nothing when one of them is malformed.

    It is taken apart before encoded words are decoded: a name may hold anything.
    """
    found = []
    values = [str(value) for value in message.get_all("from", [])]
    for value in ",".join(
        _without_comments(_QUOTED.sub(_shielded, v)) for v in values
    ).split(","):
        if not value.strip():
            continue
        mailbox = _MAILBOX.fullmatch(value.strip())
        if mailbox is None:
            return []
        name, inside, alone = mailbox.groups()
        found.append((_one_line(_decoded(name or "")), (inside or alone).lower()))
    return found


def _shielded(quoted: re.Match[str]) -> str:
    return re.sub(r"[^\w .-]", " ", quoted.group()[1:-1])


def _without_comments(value: str) -> str:
    for _ in range(_MAX_DEPTH):
        shorter = _COMMENT.sub(" ", value)
        if shorter == value:
            break
        value = shorter
    return value


def _ids(headers: Mapping[str, tuple[str, ...]], name: str) -> list[str]:
    return _MESSAGE_ID.findall(" ".join(headers.get(name, ())))


def _first(headers: Mapping[str, tuple[str, ...]], name: str) -> str:
    return headers.get(name, ("",))[0]


def _one_line(text: str) -> str:
    return " ".join(text.split())
