"""Keep the texts of the regimes that came with us, so that former ones can be read."""

from datetime import datetime
from typing import Any, Final

from django.db import connection, transaction

from escalation.lawbook.models import RegimeText
from escalation.lawbook.registry import Registered, shipped
from incidents.models import Organisation
from incidents.timers.clock import read_now
from incidents.timers.schedule import NewTimer, add_timers

REGIME_CHANGED: Final = "duties.regime_changed"
"""A timer of this kind asks for a look at all open clocks of the regime it names."""

_LOCK: Final = 0x1A3B00C


def store_shipped(now: datetime) -> list[str]:
    """Store the texts of this process's files; returns the ids of those that are new.

    May be repeated, and done by several processes at once. A text that changed becomes
    the current one; clocks that run keep theirs and are looked at.
    """
    if not _differing():
        return []
    with transaction.atomic():
        hold_texts()
        differing = _differing()
        former = RegimeText.objects.filter(organisation=None, is_current=True)
        changed = set(
            former.filter(regime_id__in=differing).values_list("regime_id", flat=True)
        )
        for name, registered in differing.items():
            _make_current(registered, now)
            if name in changed:
                ask_for_look(name, organisation_id=None, now=now)
    return sorted(differing)


def hold_texts() -> None:
    """Let nobody else change which texts are current until the transaction ends."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])


def ask_for_look(regime_id: str, *, organisation_id: int | None, now: datetime) -> None:
    """Have all open clocks of a regime looked at now; of one of ours, everybody's.

    A timer belongs to some organisation: of one of ours it is the first that there is.
    """
    owner = organisation_id or (
        Organisation.objects.order_by("pk").values_list("pk", flat=True).first()
    )
    if owner is not None:
        timer = NewTimer(REGIME_CHANGED, 0, owner, now, payload={"regime": regime_id})
        add_timers([timer])


def store_after_migration(**_: Any) -> None:
    """Store the texts once the tables are there; a migration back takes them away."""
    table = RegimeText._meta.db_table  # noqa: SLF001  Django's documented API
    if table in connection.introspection.table_names():
        store_shipped(read_now())


def _differing() -> dict[str, Registered]:
    """Return the regimes of the files of which another text, or none, is current."""
    rows = RegimeText.objects.filter(organisation=None, is_current=True)
    current = dict(rows.values_list("regime_id", "digest"))
    return {
        name: one for name, one in shipped().items() if current.get(name) != one.digest
    }


def _make_current(registered: Registered, now: datetime) -> None:
    texts = RegimeText.objects.filter(organisation=None, regime_id=registered.regime.id)
    texts.filter(is_current=True).update(is_current=False)
    # A version that was taken back becomes the current one again.
    if not texts.filter(digest=registered.digest).update(is_current=True):
        RegimeText.objects.create(
            regime_id=registered.regime.id,
            digest=registered.digest,
            text=registered.text,
            reason=f"came with the product, verified on {registered.regime.verified_on}",
            created_at=now,
        )
