"""What the pages say of a regime: the law's words beside each number."""

from collections.abc import Sequence
from datetime import date
from typing import Any, Final

from django.urls import reverse

from escalation.lawbook.access import Bookshelf
from escalation.lawbook.models import RegimeText
from escalation.lawbook.registry import Registered
from escalation.regimes.calendars import RECALLED
from escalation.regimes.regime import Basis, Delay, DutyOf, Regime, Stage, Status
from escalation.regimes.words import (
    BASIS_WORDS,
    STATUS_WORDS,
    Names,
    after_words,
    delay_words,
    grant_words,
    names_of,
    rule_words,
    stage_words,
)

BY_US: Final = "came with the product"
_NOT_BINDING: Final = frozenset({Status.PENDING, Status.NOT_IN_EFFECT, Status.DRAFT})


def listed(shelf: Bookshelf, registered: Registered, today: date) -> dict[str, Any]:
    """Return a row of the list."""
    regime = registered.regime
    names = names_of(regime)
    return {
        "id": regime.id,
        "name": regime.name,
        "act": regime.act,
        "article": regime.article,
        "url": reverse("regime-detail", args=[regime.id]),
        "jurisdiction": regime.jurisdiction,
        **status_of(regime, today),
        "stages": [
            {"name": stage.name, "words": "; or ".join(stage_words(stage, names))}
            for stage in regime.stages
        ],
        "verified_on": regime.verified_on,
        "basis_words": BASIS_WORDS[regime.basis],
        "is_sure": regime.basis == Basis.STATUTE,
        "watching": shelf.watching(regime.id),
        "owner": shelf.owner(registered),
    }


def status_of(regime: Regime, today: date) -> dict[str, Any]:
    """Return whether a law binds anybody today, in words."""
    starts = regime.effective_from
    is_ahead = starts is not None and today < starts
    # Clocks go by the date: it does not take a newer text for the law to bind.
    has_come = regime.status == Status.PENDING and starts is not None and not is_ahead
    is_binding = has_come or regime.status not in _NOT_BINDING
    return {
        "status": regime.status,
        "status_words": STATUS_WORDS[Status.IN_FORCE if has_come else regime.status],
        "is_in_effect": is_binding and not is_ahead,
        "starts_on": starts if is_ahead else None,
        "effective_from": starts,
    }


def shown(shelf: Bookshelf, registered: Registered, today: date) -> dict[str, Any]:
    """Return everything that the page of a regime says of it."""
    regime = registered.regime
    names = names_of(regime)
    return {
        "regime": regime,
        "digest": registered.digest,
        **status_of(regime, today),
        "basis_words": BASIS_WORDS[regime.basis],
        "is_sure": regime.basis == Basis.STATUTE,
        "is_calendar_recalled": regime.calendar in RECALLED,
        "owner": shelf.owner(registered),
        "watching": shelf.watching(regime.id),
        "profile_url": _profile_url(shelf),
        "stages": [_stage(regime, stage, names) for stage in regime.stages],
        "delays": [_delay(delay, names) for delay in regime.delays],
    }


def versions_shown(rows: Sequence[RegimeText]) -> list[dict[str, Any]]:
    """Return the versions of a regime, the newest first. `rows` are the oldest first."""
    found = []
    for number, row in enumerate(rows, start=1):
        page = reverse("regime-detail", args=[row.regime_id])
        diff = reverse("regime-diff", args=[row.regime_id])
        found.append(
            {
                "number": number,
                "digest": row.digest,
                "at": row.created_at,
                "actor": author_of(row),
                "reason": row.reason if row.organisation_id else "",
                "is_current": row.is_current,
                "url": f"{page}?version={number}",
                "diff_url": (
                    f"{diff}?from_version={number - 1}&to_version={number}"
                    if number > 1
                    else ""
                ),
            }
        )
    return found[::-1]


def _profile_url(shelf: Bookshelf) -> str:
    """Return where a reader's profile stands; of several the list of laws names each."""
    if not shelf.organisations:
        return ""
    return reverse("legal-profile" if len(shelf.organisations) == 1 else "regime-list")


def author_of(row: RegimeText) -> str:
    """Return who wrote a version."""
    if row.author is not None:
        return str(row.author)
    return BY_US if row.organisation_id is None else "configuration file"


def _stage(regime: Regime, stage: Stage, names: Names) -> dict[str, Any]:
    where, what = rule_words(stage)
    return {
        "is_authoritys": stage.duty_of == DutyOf.AUTHORITY,
        "limbs": [limb.text for limb in regime.limbs if limb.id in stage.limbs],
        "id": stage.id,
        "name": stage.name,
        "trigger": stage.trigger,
        "words": stage_words(stage, names),
        "recipient": stage.recipient,
        "citation": stage.citation,
        "basis": stage.basis,
        "basis_words": BASIS_WORDS[stage.basis],
        "is_sure": stage.basis == Basis.STATUTE,
        "rule_where": where,
        "rule_what": what,
        "relief": stage.relief,
        "cut_off": stage.cut_off,
        "ends": [after_words(name, names) for name in stage.ends],
        "is_recurring": stage.is_recurring,
        "content": stage.content,
        "uncertain": stage.uncertain,
    }


def _delay(delay: Delay, names: Names) -> dict[str, Any]:
    return {
        "delay": delay,
        "stages": [names.get(stage, stage) for stage in delay.stages],
        "words": delay_words(delay),
        "grants": [grant_words(grant) for grant in delay.grants],
        "basis_words": BASIS_WORDS[delay.basis],
        "is_sure": delay.basis == Basis.STATUTE,
    }
