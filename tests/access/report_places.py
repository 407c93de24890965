"""The addresses of anonymous reports. Only the lab's administrator handles them here.

That others of the lab find nothing: tests/incidents/anonymous/test_views.py.
"""

from typing import Any

from incidents.models import ReportFile, ReportReader
from tests import factories as make
from tests.access.place import Place
from tests.access.scene import Scene


def _report(scene: Scene) -> dict[str, Any]:
    return {"ref": scene.lab.report.ref}


def _file(scene: Scene) -> dict[str, Any]:
    file = ReportFile.objects.get(message__report=scene.lab.report)
    return {"ref": scene.lab.report.ref, "uid": file.uid}


def _file_by_api(scene: Scene) -> dict[str, Any]:
    place = _file(scene)
    return {"ref": place["ref"], "file": place["uid"]}


def _reader(scene: Scene) -> dict[str, Any]:
    report = scene.lab.report
    rows = ReportReader.objects.filter(report=report, ended_at=None)
    reader = rows.first() or ReportReader.objects.create(
        report=report,
        organisation=report.organisation,
        user=make.person(report.organisation),
        granted_at=make.NOW,
    )
    return {"ref": report.ref, "pk": reader.pk}


def _desk(scene: Scene) -> dict[str, Any]:
    return {"organisation": scene.lab.organisation.slug}


API = {
    "GET reports-list": Place("list"),
    "GET reports-detail": Place("lab", _report),
    "GET reports-file": Place("lab", _file_by_api),
    "POST reports-answer": Place("lab", _report, {"text": "x"}),
    "POST reports-close": Place("lab", _report, {"text": "x"}),
    "GET reports-readers": Place("lab", _report),
    "POST reports-share": Place("lab", _report, {"person": "x@aurora.example"}),
    "POST reports-unshare": Place("lab", _report, {"person": "x@aurora.example"}),
    "POST reports-make-incident": Place(
        "lab", _report, {"title": "x", "category": "WGT", "severity": 1}
    ),
    "GET report-desks-list": Place("list"),
    "PUT report-desks-detail": Place("lab", _desk, {"handlers": []}, "configure"),
}

PAGES = {
    "GET report-list": Place("list"),
    "GET report-desk": Place("account", act="configure"),
    "POST report-desk": Place("account", body={"is_open": "on"}, act="configure"),
    "GET report-detail": Place("lab", _report),
    "POST report-answer": Place("lab", _report, {"text": "x"}),
    "POST report-share": Place("lab", _report),
    "POST report-unshare": Place("lab", _reader),
    "POST report-incident": Place("lab", _report),
    "GET report-file": Place("lab", _file),
}

UNREAD = {
    "how things come in, and counts; no body and no word of one": (
        "api GET report-desks-list",
        "api GET reports-readers",
        "page GET report-desk",
    ),
}
