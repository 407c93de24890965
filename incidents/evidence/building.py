"""Builds what was asked for: counts the stream, waits for the log, writes the file.

Nothing is locked while a bundle is written: a lease says that somebody does. Who holds
it no longer, because it was slow, finds out at the end and throws its file away. The
entry that says to whom it goes is committed with what makes it fetchable.
"""

import tempfile
import uuid
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import BinaryIO, Final

import structlog
from django.conf import settings
from django.db import transaction
from django.db.models import F, QuerySet

from incidents.errors import TocsinError
from incidents.events.actor import Actor
from incidents.events.record import record, recording
from incidents.evidence.audiences import audiences_of
from incidents.evidence.contents import NotCounted, NotYet, bundle_of, open_source
from incidents.evidence.models import OPEN_STATES, BundleState, EvidenceBundle
from incidents.evidence.proving import ProvingHead, proving_head
from incidents.incident.access import actor_for
from incidents.incident.new_file import NewFile
from incidents.ledger.bundle import write_bundle
from incidents.ledger.models import Entry, Stream
from incidents.organisations.roles import Action, can
from incidents.sealing.heads import write_heads
from incidents.sealing.places import places_of

FOLDER: Final = "evidence"
LEASE: Final = timedelta(minutes=5)
LOOK_EVERY: Final = timedelta(seconds=1)
RETRY_EVERY: Final = timedelta(minutes=1)
# The log may stand still for a while: a signer that is away, witnesses that are.
PATIENCE: Final = timedelta(hours=24)
KEPT: Final = timedelta(days=7)
ATTEMPTS: Final = 3
MAX_BUNDLE_BYTES: Final = 64 << 30
_COPY_BYTES: Final = 1 << 20

Clock = Callable[[], datetime]

log = structlog.get_logger(__name__)


def build_next(clock: Clock) -> bool:
    """Bring on the bundle that has waited longest; False when none is to be looked at."""
    now = clock()
    row = _claim(now)
    if row is None:
        return False
    try:
        _bring_on(row, clock)
    except NotCounted as not_counted:
        _count_anew(row)
        _wait(row, now, str(not_counted))
    except NotYet as not_yet:
        _wait(row, now, str(not_yet))
    except TocsinError as error:
        _fail(row, error.message)
    except Exception as error:
        log.exception("evidence_not_built", bundle=str(row.uid))
        _try_again(row, now, f"{type(error).__name__}: {error}"[:500])
    return True


def _claim(now: datetime) -> EvidenceBundle | None:
    """Lease the open bundle that has waited longest."""
    with transaction.atomic():
        rows = EvidenceBundle.objects.filter(state__in=OPEN_STATES, look_at__lte=now)
        rows = rows.order_by("look_at", "id").select_for_update(skip_locked=True)
        row = rows.first()
        if row is None:
            return None
        EvidenceBundle.objects.filter(pk=row.pk).update(
            look_at=now + LEASE, lease=uuid.uuid4()
        )
    related = ("incident", "organisation", "requested_by", "audience")
    return EvidenceBundle.objects.select_related(*related).get(pk=row.pk)


def _bring_on(row: EvidenceBundle, clock: Clock) -> None:
    """Do what the bundle needs next. Raises NotYet when the log must move on first."""
    _require_readable(row)
    if row.heads_entry_id is None:
        _count(row, clock())
    place = places_of([row.heads_entry_id or 0]).get(row.heads_entry_id or 0)
    head = None if place is None else proving_head(place)
    if head is None:
        raise NotYet("the count of the entries is not sealed, signed and seen yet")
    _build(row, head, clock)


def _require_readable(row: EvidenceBundle) -> None:
    """Raise NotReadable once the share or the person's role has ended."""
    streams = [one.stream.pk for one in audiences_of(row.incident, row.organisation)]
    may = row.requested_by is None or can(
        row.requested_by, Action.EXPORT, row.organisation
    )
    if row.audience_id not in streams or not may:
        raise NotReadable


class NotReadable(TocsinError):
    """Who asked for it may not read it any more."""


class NotBuilt(TocsinError):
    """It could not be built; whoever runs this installation finds why in its log."""


def _count(row: EvidenceBundle, now: datetime) -> None:
    """Have the log count its streams once all that is wanted is sealed."""
    last = Entry.objects.filter(stream=row.audience_id, seq=row.wanted_seq).first()
    if last is None or not places_of([last.pk]):
        raise NotYet("the last entries are not sealed yet")
    with transaction.atomic():
        row.heads_entry_id = write_heads(now)
        EvidenceBundle.objects.filter(pk=row.pk).update(
            heads_entry_id=row.heads_entry_id
        )


def _count_anew(row: EvidenceBundle) -> None:
    """Have the bundle reach to the record's present end, which says what was erased."""
    last = Stream.objects.values_list("last_seq", flat=True).get(pk=row.audience_id)
    _mine(row).update(heads_entry=None, wanted_seq=last, attempts=0)


def _build(row: EvidenceBundle, head: ProvingHead, clock: Clock) -> None:
    if row.attempts >= ATTEMPTS:
        raise NotBuilt
    row.is_cosigned, row.head_size = head.is_cosigned, head.size

    def progress(done: int) -> None:
        _mine(row).update(done=done, look_at=clock() + LEASE)

    source = open_source(row, head.note, progress)
    total = source.counted.seq
    # Counted before it is tried: what ends the process ends not in trying for ever.
    _mine(row).update(
        state=BundleState.BUILDING, total=total, done=0, attempts=F("attempts") + 1
    )
    with tempfile.TemporaryFile(dir=_folder()) as out:
        manifest_sha256 = write_bundle(out, bundle_of(source))
        file = _stored(out)
    try:
        file.keep()
        _hand_over(row, file, manifest_sha256, total, clock())
    except BaseException:
        file.remove()
        raise


def _folder() -> str:
    folder = settings.ATTACHMENTS_DIR / FOLDER
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    return str(folder)


def _stored(out: BinaryIO) -> NewFile:
    """Copy what was written to where files are kept. Raises NoRoom, TooLarge."""
    file = NewFile(folder=FOLDER, limit_bytes=MAX_BUNDLE_BYTES)
    try:
        out.seek(0)
        while chunk := out.read(_COPY_BYTES):
            file.write(chunk)
    except BaseException:
        file.discard()
        raise
    return file


def _hand_over(
    row: EvidenceBundle, file: NewFile, manifest_sha256: str, total: int, now: datetime
) -> None:
    """Record the export and make the file fetchable, both or neither."""
    with recording(now):
        is_mine = _mine(row).update(
            state=BundleState.READY,
            done=total,
            total=total,
            error="",
            head_size=row.head_size,
            is_cosigned=row.is_cosigned,
            manifest_sha256=manifest_sha256,
            stored_as=file.stored_as,
            size_bytes=file.size_bytes,
            sha256=file.sha256,
            ready_at=now,
            expires_at=now + KEPT,
        )
        if not is_mine:
            raise NotYet("another worker has taken it over")
        record(
            "evidence.exported",
            incident=row.incident,
            organisation_id=row.organisation_id,
            actor=_actor(row),
            body=_export(row, manifest_sha256, file.sha256, total),
        )


def _export(
    row: EvidenceBundle, manifest_sha256: str, sha256: str, total: int
) -> dict[str, object]:
    return {
        "bundle": str(row.uid),
        "recipient": row.recipient,
        "stream": str(row.audience_id),
        "entries": total,
        "head_size": row.head_size,
        "manifest_sha256": manifest_sha256,
        "sha256": sha256,
        "redactions": row.redactions,
    }


def _actor(row: EvidenceBundle) -> Actor:
    if row.requested_by is None:
        return Actor.system(row.organisation)
    return actor_for(row.requested_by, row.organisation)


def _mine(row: EvidenceBundle) -> QuerySet[EvidenceBundle]:
    """Return the row while this lease is the newest."""
    return EvidenceBundle.objects.filter(
        pk=row.pk, lease=row.lease, state__in=OPEN_STATES
    )


def _wait(row: EvidenceBundle, now: datetime, why: str) -> None:
    if now - row.requested_at > PATIENCE:
        _fail(row, f"After {PATIENCE.days or 1} day: {why}.")
        return
    _mine(row).update(
        state=BundleState.WAITING,
        look_at=now + LOOK_EVERY,
        error="",
    )


def _try_again(row: EvidenceBundle, now: datetime, why: str) -> None:
    again = now + RETRY_EVERY
    _mine(row).update(state=BundleState.WAITING, look_at=again, error=why)


def _fail(row: EvidenceBundle, why: str) -> None:
    _mine(row).update(state=BundleState.FAILED, error=why)
