"""What is withheld from a bundle, and by which authority.

One rule a line, for a person who writes them:

    actor: FOIA b(6)          the field of every entry
    12 text: FOIA b(7)(A)     the field of entry 12
    15: FOIA b(5)             the whole of entry 15; only that it is there is shown

The recipient reads the authority; it is the reason that is given.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

MAX_RULES: Final = 500
_LINE: Final = re.compile(r"(?:(\d{1,15})\b[ \t]*)?([a-z0-9_]{0,32})[ \t]*:[ \t]*(.*)")
_FIELD: Final = re.compile(r"[a-z0-9_]{1,32}")
_AUTHORITY: Final = re.compile(r"[\x21-\x7e][\x20-\x7e]{0,189}")


class BadRule(ValueError):
    """A rule cannot be used; the message says which and what to do."""


@dataclass(frozen=True, slots=True)
class Rule:
    """Withholds a field, of one entry if `entry` names it; without a field all of it."""

    field: str
    authority: str
    entry: int | None = None

    def __post_init__(self) -> None:
        if not self.field and not self.entry:
            raise BadRule("Name a field, an entry by its number, or both.")
        if self.field and not _FIELD.fullmatch(self.field):
            raise BadRule(f"{self.field!r} is not the name of a field.")
        if not _AUTHORITY.fullmatch(self.authority):
            raise BadRule(
                "Say by which authority, in 1 to 190 plain letters: FOIA b(6)."
            )

    def line(self) -> str:
        """Return the rule as a person writes it."""
        number = "" if self.entry is None else str(self.entry)
        return f"{' '.join(part for part in (number, self.field) if part)}: {self.authority}"


def read_rules(text: str) -> tuple[Rule, ...]:
    """Read rules, one a line. Raises BadRule."""
    rules = []
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip():
            continue
        parts = _LINE.fullmatch(line.strip())
        if parts is None:
            raise BadRule(f"Line {number}: write it like “12 text: FOIA b(6)”.")
        try:
            entry = int(parts[1]) if parts[1] else None
            rules.append(Rule(parts[2], parts[3].strip(), entry))
        except BadRule as error:
            raise BadRule(f"Line {number}: {error}") from None
    return checked(rules)


def checked(rules: Sequence[Rule]) -> tuple[Rule, ...]:
    """Return the rules. Raises BadRule for too many."""
    if len(rules) > MAX_RULES:
        raise BadRule(f"At most {MAX_RULES} rules; withhold whole entries instead.")
    return tuple(rules)


def rules_to_body(rules: Iterable[Rule]) -> list[dict[str, Any]]:
    """Return the rules as they are stored and shown over REST."""
    return [
        {"field": rule.field, "authority": rule.authority}
        | ({} if rule.entry is None else {"entry": rule.entry})
        for rule in rules
    ]


def rules_from_body(body: Iterable[Mapping[str, Any]]) -> tuple[Rule, ...]:
    """Undo `rules_to_body`. Raises BadRule."""
    return checked(
        [
            Rule(one.get("field", ""), one.get("authority", ""), one.get("entry"))
            for one in body
        ]
    )


@dataclass(slots=True)
class Redaction:
    """Answers for each field of each entry by which authority it is withheld."""

    rules: Iterable[Rule]
    _of_all: dict[str, str] = field(default_factory=dict)
    _of_one: dict[tuple[int, str], str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for rule in self.rules:
            if rule.entry is None:
                self._of_all[rule.field] = rule.authority
            else:
                self._of_one[rule.entry, rule.field] = rule.authority

    def of_entry(self, seq: int) -> str | None:
        """Return by which authority the whole entry is withheld."""
        return self._of_one.get((seq, ""))

    def of_field(self, seq: int, name: str) -> str | None:
        """Return by which authority a field of an entry is withheld."""
        return self._of_one.get((seq, name)) or self._of_all.get(name)
