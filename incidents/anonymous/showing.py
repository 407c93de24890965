"""Shape the messages of a report for pages and the API."""

from typing import Any

from incidents.anonymous.models import AnonymousReport, ReportFile
from incidents.anonymous.sealing import Seal


def messages_of(report: AnonymousReport) -> list[dict[str, Any]]:
    """Return the messages, oldest first, in a fixed number of statements."""
    seal = Seal.of(report)
    rows = report.messages.select_related("author").prefetch_related("files")
    return [
        {
            "by_reporter": row.by_reporter,
            "author": row.author,
            "text": seal.text(row),
            "at": row.at,
            "is_unread": row.read_at is None,
            "files": list(row.files.all()),
        }
        for row in rows.order_by("pk")
    ]


def files_of(report: AnonymousReport) -> list[ReportFile]:
    """Return all files of a report, oldest first."""
    rows = ReportFile.objects.filter(message__report=report)
    return list(rows.order_by("pk"))
