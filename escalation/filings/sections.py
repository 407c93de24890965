"""What a filing says, section by section, and who may read which. Free of Django.

A section answers one field that the law asks for, or one that the author added. "Not yet
known" is an answer, with its reason. `audience` names the recipients that see it by key.
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from escalation.regimes.regime import Stage
from incidents.ledger.canonical import canonical_json

MAX_FIELD: Final = 300
MAX_ANSWER: Final = 20_000
MAX_REASON: Final = 1_000
MAX_SECTIONS: Final = 60
# What all answers may have together: more takes longer to print than others can wait.
MAX_SIGNS: Final = 300_000
MAX_LINES: Final = 5_000

# What a stage needs where its text lists nothing. Source: own proposal, after the laws
# that do list it.
_IMMINENT: Final = (
    "What happened, and where",
    "Who is at risk",
    "Contact by telephone",
    "Action taken",
    "Why this authority",
)
_USUAL: Final = ("Statement of the facts", "Contact")


@dataclass(frozen=True, slots=True)
class Section:
    """One field and its answer. An empty answer is missing, unless it is not yet known."""

    field: str
    answer: str = ""
    is_not_yet_known: bool = False
    reason: str = ""
    audience: tuple[str, ...] = ()

    @property
    def is_answered(self) -> bool:
        """Whether it can be filed as it is."""
        return bool(self.answer) or (self.is_not_yet_known and bool(self.reason))

    def to_body(self) -> dict[str, Any]:
        """Return it as it is stored, and as the API shows it."""
        return {
            "field": self.field,
            "answer": self.answer,
            "is_not_yet_known": self.is_not_yet_known,
            "reason": self.reason,
            "audience": list(self.audience),
        }


@dataclass(frozen=True, slots=True)
class Missing:
    """A required field that one recipient would not get."""

    recipient: str
    field: str
    why: str


class SectionError(ValueError):
    """A section cannot be used: which, and what to do."""

    def __init__(self, index: int, name: str, remedy: str) -> None:
        self.field = f"sections[{index}].{name}"
        self.remedy = remedy
        super().__init__(f"{self.field}: {remedy}")


def required_fields(stage: Stage) -> tuple[str, ...]:
    """Return what a report of this stage must answer."""
    if stage.content:
        return stage.content
    return _IMMINENT if "imminent" in stage.id else _USUAL


def blank_sections(needs: Mapping[str, Sequence[str]]) -> tuple[Section, ...]:
    """Return an empty section for each field of {recipient: fields}, shared by all who need it.

    >>> [s.audience for s in blank_sections({"a": ["What"], "b": ["What", "Why"]})]
    [('a', 'b'), ('b',)]
    """
    audience: dict[str, list[str]] = {}
    for recipient, fields in needs.items():
        for field in fields:
            audience.setdefault(field, []).append(recipient)
    return tuple(Section(f, audience=tuple(keys)) for f, keys in audience.items())


def read_sections(
    rows: Sequence[Mapping[str, Any]], *, recipients: Iterable[str]
) -> tuple[Section, ...]:
    """Return the sections of stored or sent rows. Raises SectionError."""
    known = list(recipients)
    if len(rows) > MAX_SECTIONS:
        raise SectionError(MAX_SECTIONS, "field", f"At most {MAX_SECTIONS} sections.")
    sections = tuple(_read(index, row, known) for index, row in enumerate(rows))
    seen: set[str] = set()
    for index, section in enumerate(sections):
        if section.field in seen:
            raise SectionError(index, "field", "This field is there already.")
        seen.add(section.field)
    return sections


def require_printable(sections: Iterable[Section]) -> None:
    """Raise SectionError at the section with which a filing gets too long to print."""
    signs = lines = 0
    for index, section in enumerate(sections):
        signs += len(section.answer) + len(section.reason)
        lines += len(section.answer.splitlines()) + len(section.reason.splitlines())
        if signs > MAX_SIGNS or lines > MAX_LINES:
            remedy = (
                f"Keep all answers together to {MAX_SIGNS} characters and {MAX_LINES} "
                "lines; give the rest as a file."
            )
            raise SectionError(index, "answer", remedy)


def missing(
    sections: Iterable[Section], needs: Mapping[str, Sequence[str]]
) -> list[Missing]:
    """Return what the recipients of {recipient: fields} would lack, in their order."""
    by_field = {section.field: section for section in sections}
    found = []
    for recipient, fields in needs.items():
        for field in fields:
            why = _lack(by_field.get(field), recipient)
            if why:
                found.append(Missing(recipient, field, why))
    return found


def shown_to(sections: Iterable[Section], recipient: str) -> tuple[Section, ...]:
    """Return what this recipient may read, without who else reads it."""
    return tuple(
        Section(s.field, s.answer, s.is_not_yet_known, s.reason, (recipient,))
        for s in sections
        if recipient in s.audience
    )


def digest_of(sections: Iterable[Section], *, ref: str, number: int) -> str:
    """Return the SHA-256 of the canonical JSON of one version, in hexadecimal."""
    body = {
        "filing": ref,
        "version": number,
        "sections": [section.to_body() for section in sections],
    }
    return hashlib.sha256(canonical_json(body)).hexdigest()


def _read(index: int, row: Mapping[str, Any], known: Sequence[str]) -> Section:
    field = _text(index, row, "field", MAX_FIELD)
    if not field:
        raise SectionError(index, "field", "Name what is answered.")
    audience = tuple(key for key in known if key in row.get("audience", ()))
    if unknown := [key for key in row.get("audience", ()) if key not in known]:
        remedy = f"{unknown[0]!r} is no recipient: {', '.join(known)}."
        raise SectionError(index, "audience", remedy)
    return Section(
        field=field,
        answer=_text(index, row, "answer", MAX_ANSWER),
        is_not_yet_known=bool(row.get("is_not_yet_known", False)),
        reason=_text(index, row, "reason", MAX_REASON),
        audience=audience or tuple(known if "audience" not in row else ()),
    )


def _text(index: int, row: Mapping[str, Any], name: str, limit: int) -> str:
    text = str(row.get(name, "")).strip()
    if len(text) > limit:
        raise SectionError(index, name, f"Keep it to {limit} characters.")
    return text


def _lack(section: Section | None, recipient: str) -> str:
    if section is None:
        return "is left out"
    if recipient not in section.audience:
        return "is not for this recipient"
    if section.is_answered:
        return ""
    return "needs a reason" if section.is_not_yet_known else "has no answer"
