"""Celery is the doorbell: the task looks for work by itself and needs no arguments."""

import time

from celery import shared_task

from incidents.anonymous.file_sweep import sweep_report_files
from incidents.anonymous.retention import forget_old_reports
from incidents.audit.memory import MemoryFile
from incidents.audit.nightly import audit_if_due, memory_path
from incidents.custody.standing import check_standing
from incidents.evidence.building import build_next
from incidents.evidence.fetching import sweep_bundles
from incidents.incident.attachment_sweep import sweep_attachments
from incidents.incident.drafts import forget_old_drafts
from incidents.intake.pauses import bridge_pause
from incidents.intake.process import process_batch
from incidents.intake.retention import forget_old_bodies
from incidents.intake.tallies import forget_old_counts
from incidents.intake.waking import wake_alerts
from incidents.mail.process import process_waiting_mail
from incidents.mail.retention import forget_old_mail
from incidents.retention.announcing import announce_runs
from incidents.retention.running import erase_due
from incidents.sealing.asking import sign_what_is_unsigned
from incidents.sealing.heads import write_heads_if_due
from incidents.sealing.seal import seal_batch
from incidents.timers import lateness
from incidents.timers.clock import read_now
from incidents.timers.giving_way import give_way
from incidents.timers.ticks import note_tick
from incidents.witnessing.own_policy import witness_keys

PASS_SECONDS = 20.0
ERASING_SECONDS = 40.0
# While deliveries keep coming, time still brings what it brings.
WAKE_SECONDS = 2.0


@shared_task(ignore_result=True, soft_time_limit=90, time_limit=120)
def process_intake() -> None:
    """Process raw deliveries until none waits, or the pass has lasted long enough."""
    process_waiting_mail(read_now())
    _read_deliveries(until=time.monotonic() + PASS_SECONDS)
    # What was sent again while nobody read it counts before what time brings.
    bridge_pause(read_now())
    _wake_alerts(until=time.monotonic() + WAKE_SECONDS)
    note_tick("intake", read_now())


def _read_deliveries(*, until: float) -> None:
    while (began := time.monotonic()) < until and process_batch(read_now()):
        give_way(read_now, worked_seconds=time.monotonic() - began)


def _wake_alerts(*, until: float) -> None:
    while time.monotonic() < until and wake_alerts(read_now()):
        pass


@shared_task(ignore_result=True, soft_time_limit=90, time_limit=120)
def seal() -> None:
    """Seal entries until none waits, or the pass has lasted long enough."""
    is_all = _seal_waiting(until=time.monotonic() + PASS_SECONDS)
    sign_what_is_unsigned(read_now())
    if is_all:
        write_heads_if_due(read_now())
    note_tick("sealer", read_now())


def _seal_waiting(*, until: float) -> bool:
    """Tell whether all that waited is sealed."""
    while (began := time.monotonic()) < until:
        sealed = seal_batch(read_now())
        if sealed is None or not sealed.is_full:
            return True
        give_way(read_now, worked_seconds=time.monotonic() - began)
    return False


@shared_task(ignore_result=True)
def build_evidence() -> None:
    """Build bundles of evidence until none can be brought on, or the pass has lasted."""
    until = time.monotonic() + PASS_SECONDS
    while time.monotonic() < until and build_next(read_now):
        pass
    note_tick("evidence", read_now())


@shared_task(ignore_result=True, soft_time_limit=90, time_limit=120)
def forget_deliveries() -> None:
    """Delete what has come to the end of its retention, and announce what will."""
    _forget_what_came_in()
    _follow_schedules(until=time.monotonic() + ERASING_SECONDS)
    forget_old_counts(read_now())
    forget_old_drafts(read_now())
    note_tick("retention", read_now())


def _forget_what_came_in() -> None:
    while forget_old_bodies(read_now()) or forget_old_mail(read_now()):
        pass
    while forget_old_reports(read_now()):
        pass


def _follow_schedules(*, until: float) -> None:
    """Announce, and erase what was announced; what is left goes in an hour."""
    announce_runs(read_now())
    while (began := time.monotonic()) < until and erase_due(read_now()):
        give_way(read_now, worked_seconds=time.monotonic() - began)
    check_standing(read_now())


@shared_task(ignore_result=True, soft_time_limit=90, time_limit=120)
def fold_lateness() -> None:
    """Fold the minutes and hours of the latenesses that are old enough."""
    lateness.fold(read_now())
    note_tick("lateness", read_now())


@shared_task(ignore_result=True, soft_time_limit=600, time_limit=660)
def sweep_files() -> None:
    """Remove files that no row knows."""
    sweep_attachments()
    sweep_report_files()
    sweep_bundles(read_now())


@shared_task(ignore_result=True, soft_time_limit=600, time_limit=660)
def audit_record() -> None:
    """Audit the record, once a day; what is left of it an hour later."""
    if audit_if_due(read_now(), MemoryFile(memory_path()), witness_keys()):
        note_tick("audit", read_now())
