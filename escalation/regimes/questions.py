"""The questions of the guided assessment, read from `questions.toml`.

A question settles limbs of laws: several laws may ask the same. It is asked only while
none of its `only_if` is answered *no*. One with `any_of` is not asked: others settle it.
"""

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import Final

from escalation.regimes.tables import RegimeError, Table
from incidents.incident.facets import FACETS
from incidents.incident.taxonomy import CATEGORIES

FILE: Final = Path(__file__).parent / "questions.toml"
YES: Final = "yes"
NO: Final = "no"
UNKNOWN: Final = "unknown"
CATEGORY: Final = "category"
DANGER: Final = "danger"
"""Whether the report said that somebody is in danger."""


@dataclass(frozen=True, slots=True)
class Hint:
    """What a fact of the incident suggests as the answer. It answers nothing by itself."""

    fact: str
    values: tuple[str, ...]
    said: str


@dataclass(frozen=True, slots=True)
class Question:
    """One question in plain words, for somebody who is tired."""

    key: str
    topic: str
    text: str
    help: str
    only_if: tuple[str, ...] = ()
    any_of: tuple[str, ...] = ()
    hints: tuple[Hint, ...] = ()


Questions = Mapping[str, Question]


@lru_cache(maxsize=1)
def shipped_questions() -> Questions:
    """Return {key: question} in the order of asking. Raises RegimeError.

    The file is named as seen from the laws, whose folder stands before it in errors.
    """
    return read_questions(FILE.read_text(encoding="utf-8"), file=f"../{FILE.name}")


def known_question(table: Table, key: str, value: str) -> str:
    """Return the key of a question. Raises RegimeError, at a table's key."""
    if value not in shipped_questions():
        known = ", ".join(shipped_questions())
        raise table.error(key, f"There is no question {value!r}: use one of {known}.")
    return value


def read_questions(text: str, *, file: str) -> Questions:
    """Return the questions of a file. Raises RegimeError.

    A question may name only those before it, so that none waits for itself.
    """
    try:
        body = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise RegimeError(file, "(file)", f"Write valid TOML: {error}.") from error
    top, found = Table(file, "", body), dict[str, Question]()
    for table in top.tables("questions"):
        question = _question(table, found)
        table.end()
        if question.key in found:
            raise table.error("key", f"{question.key!r} stands there twice.")
        found[question.key] = question
    top.end()
    return MappingProxyType(found)


def _question(table: Table, before: Questions) -> Question:
    question = Question(
        key=table.text("key"),
        topic=table.text("topic"),
        text=table.text("text"),
        help=table.text("help"),
        only_if=_earlier(table, "only_if", before),
        any_of=_earlier(table, "any_of", before),
        hints=tuple(_hints(table.tables("hints"))),
    )
    if question.any_of and (question.only_if or question.hints):
        raise table.error("any_of", "Others settle it: leave out only_if and hints.")
    return question


def _earlier(table: Table, key: str, before: Questions) -> tuple[str, ...]:
    names = table.texts(key)
    for name in names:
        if name not in before:
            known = ", ".join(before) or "none, for it is the first"
            remedy = f"There is no question {name!r} before it: use one of {known}."
            raise table.error(key, remedy)
    return names


def _hints(tables: Iterable[Table]) -> list[Hint]:
    found = []
    for table in tables:
        hint = Hint(table.text("fact"), table.texts("values"), table.text("said"))
        table.end()
        _check_hint(hint, table)
        found.append(hint)
    return found


def _check_hint(hint: Hint, table: Table) -> None:
    facts = _facts()
    if hint.fact not in facts:
        remedy = f"{hint.fact!r} is no fact: use one of {', '.join(facts)}."
        raise table.error("fact", remedy)
    known = facts[hint.fact]
    if not hint.values or not set(hint.values) <= set(known):
        raise table.error("values", f"Use some of {', '.join(known)}.")
    if hint.said not in (YES, NO):
        raise table.error("said", f"Write {YES} or {NO}.")


def _facts() -> dict[str, list[str]]:
    """Return the values of each fact that a hint may look at."""
    choices = {
        facet.key: [choice.value for choice in facet.choices]
        for facet in FACETS
        if facet.choices
    }
    codes = [category.code for category in CATEGORIES]
    return {CATEGORY: codes, DANGER: [YES, NO], **choices}
