"""Delete closed reports when their time is over, but none that holds anything unread."""

from datetime import datetime, timedelta
from typing import Final

from django.conf import settings
from django.db.models import Exists, OuterRef

from incidents.anonymous.models import AnonymousReport, ReportFile, ReportMessage
from incidents.anonymous.sealing import forget_keys
from incidents.anonymous.storing import remove_bytes
from incidents.anonymous.trail import record_report
from incidents.events.actor import Actor
from incidents.events.record import recording

BATCH: Final = 100


def forget_old_reports(now: datetime) -> int:
    """Delete one batch of reports with words, files and keys; returns how many.

    What either side has not read keeps its report, however old. The record keeps that
    there was one.
    """
    before = now - timedelta(days=settings.REPORT_RETENTION_DAYS)
    unread = ReportMessage.objects.filter(report=OuterRef("pk"), read_at=None)
    old = AnonymousReport.objects.filter(closed_at__lt=before)
    rows = old.exclude(Exists(unread)).select_for_update(skip_locked=True, of=("self",))
    with recording(now):
        reports = list(rows.select_related("organisation").order_by("pk")[:BATCH])
        ids = [report.pk for report in reports]
        files = ReportFile.objects.filter(message__report__in=ids)
        names = list(files.values_list("stored_as", flat=True))
        for report in reports:
            actor = Actor.system(report.organisation)
            record_report("report.forgotten", report, actor=actor)
        AnonymousReport.objects.filter(pk__in=ids).delete()
        forget_keys([report.uid for report in reports])
    # Without its key a file that a crash leaves behind cannot be read.
    remove_bytes(names)
    return len(reports)
