"""Which regimes an organisation can be under: those that came with us, and its own.

A text is named by its digest, so that what ran under a former one can be read again.
"""

import hashlib
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType
from typing import Final

import structlog
from django.db.models import Q

from escalation.lawbook.models import RegimeText
from escalation.regimes.library import shipped_texts
from escalation.regimes.reading import read_regime
from escalation.regimes.regime import Regime

# Texts that are kept read: all current ones of some hundred organisations.
_KEPT: Final = 2048

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Registered:
    """A regime and the text that it was read from; no organisation: it came with us."""

    regime: Regime
    digest: str
    text: str
    organisation_id: int | None


Known = Mapping[str, Registered]
Named = tuple[int | None, str, str]
"""Organisation, id of the regime, digest of the text."""


def digest_of(text: str) -> str:
    """Return the SHA-256 of a regime's text, in hexadecimal."""
    return hashlib.sha256(text.encode()).hexdigest()


def regimes_of(organisation_id: int | None) -> Known:
    """Return {regime id: its current text}, sorted by id: ours and the organisation's."""
    owners = [] if organisation_id is None else [organisation_id]
    return regimes_of_many(owners)[organisation_id]


def regimes_of_many(organisation_ids: Collection[int]) -> dict[int | None, Known]:
    """Return what `regimes_of` does for each, and under None ours; one statement."""
    stored = _current(organisation_ids)
    ours = dict(shipped())
    ours |= {one.regime.id: one for one in stored if one.organisation_id is None}
    found: dict[int | None, Known] = {None: _sorted(ours)}
    for owner in organisation_ids:
        own = {one.regime.id: one for one in stored if one.organisation_id == owner}
        # One of ours is never hidden by an own one.
        found[owner] = _sorted(own | ours)
    return found


def regime_of(organisation_id: int | None, regime_id: str, digest: str) -> Registered:
    """Return one text of a regime, also a former one. Raises KeyError."""
    named = (organisation_id, regime_id, digest)
    return texts_of_many([named])[named]


def texts_of_many(wanted: Iterable[Named]) -> dict[Named, Registered]:
    """Return {what was named: its text}, in one statement; the unknown are left out."""
    asked = set(wanted)
    ours = {(name, one.digest): one for name, one in shipped().items()}
    known: dict[Named, Registered] = {(None, *key): one for key, one in ours.items()}
    missing = {digest for _, name, digest in asked if (name, digest) not in ours}
    if missing:
        for one in _read(RegimeText.objects.filter(digest__in=missing)):
            known[one.organisation_id, one.regime.id, one.digest] = one
    found = {}
    for named in asked:
        text = known.get((None, *named[1:])) or known.get(named)
        if text is not None:
            found[named] = text
    return found


def is_readable(row: RegimeText) -> bool:
    """Tell whether a stored text can be read; the log says why not."""
    return _read_one(row) is not None


@lru_cache(maxsize=1)
def shipped() -> Known:
    """Return the regimes of the files that this process came with."""
    texts = shipped_texts()
    return _sorted(
        {name: _registered(digest_of(text), text, None) for name, text in texts.items()}
    )


def _current(organisation_ids: Collection[int]) -> list[Registered]:
    """Read the current texts, but not again those that this process came with."""
    here = [one.digest for one in shipped().values()]
    owner = Q(organisation=None) | Q(organisation__in=organisation_ids)
    rows = RegimeText.objects.filter(owner, is_current=True)
    return _read(rows.exclude(organisation=None, digest__in=here))


def _read(rows: Iterable[RegimeText]) -> list[Registered]:
    return [one for one in map(_read_one, rows) if one is not None]


def _read_one(row: RegimeText) -> Registered | None:
    try:
        return _registered(row.digest, row.text, row.organisation_id)
    except Exception:
        # A reader that became stricter, or fails in a new way, must not take the
        # other laws along.
        log.exception("regime_unreadable", regime=row.regime_id, text=row.pk)
        return None


@lru_cache(maxsize=_KEPT)
def _registered(digest: str, text: str, organisation_id: int | None) -> Registered:
    regime = read_regime(text, file=f"text {digest[:12]}")
    return Registered(regime, digest, text, organisation_id)


def _sorted(regimes: Mapping[str, Registered]) -> Known:
    return MappingProxyType(dict(sorted(regimes.items())))
