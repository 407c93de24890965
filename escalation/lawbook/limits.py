"""What a regime that somebody wrote may be, beyond what a file of ours is checked for.

Its words end up in rows of clocks and in addresses, so they have to fit there.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Final
from urllib.parse import urlsplit

from escalation.regimes.regime import Delay, Limb, Regime, Stage

Problem = tuple[str, str]
"""The key that is wrong, and what to do."""

ID: Final = re.compile(r"[a-z0-9][a-z0-9-]{0,59}")
_PART_ID: Final = re.compile(r"[a-z][a-z0-9_]{0,39}")
_MOST_PARTS: Final = 60
_NAME: Final = 200
# A clock keeps the act and the citation in one line.
_ACT: Final = 120
_CITATION: Final = 150
# Both stand in the one line that says why a date has moved.
_GRANTOR: Final = 120
_DELAY_CITATION: Final = 100
_LONG: Final = 2_000
ENTITY: Final = 60
"""How long the kind of an entity may be."""


def wrong_with(regime: Regime) -> Problem | None:
    """Return the first thing that does not fit, None where everything does."""
    return next(_problems(regime), None)


def _problems(regime: Regime) -> Iterator[Problem]:
    for key, url in _sources(regime):
        if urlsplit(url).scheme not in ("http", "https"):
            yield key, "Write an address that begins with https://."
    parts_of: dict[str, Sequence[Limb | Stage | Delay]] = {
        "limbs": regime.limbs,
        "stages": regime.stages,
        "delays": regime.delays,
    }
    for kind, parts in parts_of.items():
        if len(parts) > _MOST_PARTS:
            yield kind, f"Write at most {_MOST_PARTS}."
        yield from _wrong_ids(kind, [part.id for part in parts])
    for key, text, most in _texts(regime):
        if len(text) > most:
            yield key, f"Write at most {most} characters; these are {len(text)}."


def _sources(regime: Regime) -> Iterator[tuple[str, str]]:
    yield "source_url", regime.source_url
    for number, delay in enumerate(regime.delays):
        yield f"delays[{number}].source_url", delay.source_url


def _wrong_ids(kind: str, ids: list[str]) -> Iterator[Problem]:
    for number, one in enumerate(ids):
        key = f"{kind}[{number}].id"
        if not _PART_ID.fullmatch(one):
            yield key, f"{one!r}: use a-z, 0-9 and _, at most 40 characters."


def _texts(regime: Regime) -> Iterable[tuple[str, str, int]]:
    """Yield each text with its key and how long it may be."""
    yield "name", regime.name, _NAME
    yield "jurisdiction", regime.jurisdiction, _NAME
    yield "act", regime.act, _ACT
    yield "article", regime.article, _CITATION
    yield "source_url", regime.source_url, _LONG
    for number, limb in enumerate(regime.limbs):
        yield f"limbs[{number}].text", limb.text, _LONG
        yield f"limbs[{number}].citation", limb.citation, _CITATION
    for number, stage in enumerate(regime.stages):
        yield f"stages[{number}].name", stage.name, _NAME
        yield f"stages[{number}].trigger", stage.trigger, _LONG
        yield f"stages[{number}].recipient", stage.recipient, _LONG
        yield f"stages[{number}].citation", stage.citation, _CITATION
        yield f"stages[{number}].relief", stage.relief, ENTITY
    for number, delay in enumerate(regime.delays):
        yield from _texts_of(delay, f"delays[{number}].")


def _texts_of(delay: Delay, at: str) -> Iterable[tuple[str, str, int]]:
    yield f"{at}name", delay.name, _NAME
    yield f"{at}text", delay.text, _LONG
    yield f"{at}citation", delay.citation, _DELAY_CITATION
    yield f"{at}source_url", delay.source_url, _LONG
    for number, grant in enumerate(delay.grants):
        yield f"{at}grants[{number}].by", grant.by, _GRANTOR
