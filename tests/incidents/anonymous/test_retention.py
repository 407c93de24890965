"""A closed report goes when its time is over, unless somebody has not read of it."""

from datetime import timedelta
from pathlib import Path

import pytest

from incidents.anonymous.cleaning import RawFile
from incidents.anonymous.handling import close, mark_read
from incidents.anonymous.receiving import read_answers
from incidents.anonymous.retention import forget_old_reports
from incidents.events.actor import Actor
from incidents.models import AnonymousReport, DataKey, Entry, ReportFile
from tests import factories as make
from tests.factories import NOW
from tests.incidents.anonymous.reporting import Desk

OVER = NOW + timedelta(days=366)


def closed_report(desk: Desk) -> AnonymousReport:
    report = make.anonymous_report(desk.row, files=[RawFile(b"x", name="x.txt")])
    actor = Actor.of(desk.handler, desk.lab)
    close(report, text="done", user=desk.handler, actor=actor, now=NOW)
    return report


def files_in(folder: Path) -> int:
    return sum(path.is_file() for path in folder.rglob("*"))


def test_report_that_both_have_read_is_deleted_with_key_and_file(desk: Desk, settings):
    report = closed_report(desk)
    mark_read(report, now=NOW)
    read_answers(report, now=NOW)

    assert forget_old_reports(OVER) == 1

    assert AnonymousReport.objects.count() == ReportFile.objects.count() == 0
    assert DataKey.objects.filter(owner=report.uid).count() == 0
    assert files_in(settings.ATTACHMENTS_DIR) == 0
    assert Entry.objects.filter(kind="report.forgotten").count() == 1


@pytest.mark.parametrize("side", ["handlers", "reporter"])
def test_report_with_something_unread_stays(desk: Desk, settings, side: str):
    report = closed_report(desk)
    if side == "reporter":
        mark_read(report, now=NOW)
    else:
        read_answers(report, now=NOW)
    assert forget_old_reports(OVER + timedelta(days=3650)) == 0
    assert files_in(settings.ATTACHMENTS_DIR) == 1


def test_report_that_is_open_or_closed_lately_stays(desk: Desk):
    mark_read(make.anonymous_report(desk.row), now=NOW)
    late = closed_report(desk)
    mark_read(late, now=NOW)
    read_answers(late, now=NOW)
    assert forget_old_reports(NOW + timedelta(days=364)) == 0
    assert AnonymousReport.objects.count() == 2
