"""Remove files of reporters that no row knows: left by a crash between file and row."""

import re
from collections.abc import Collection, Iterable
from typing import Final

from incidents.anonymous.models import ReportFile
from incidents.anonymous.storing import FOLDER
from incidents.incident.attachment_sweep import sweep_files

_NAME: Final = re.compile(rf"{FOLDER}/[0-9a-f]{{32}}(\.part)?")


def sweep_report_files(*, unix_now: float | None = None) -> int:
    """Remove files of reports that nobody has written to for a day; returns how many."""
    return sweep_files(FOLDER, _NAME, known=_known, unix_now=unix_now)


def _known(names: Collection[str]) -> Iterable[str]:
    rows = ReportFile.objects.filter(stored_as__in=names)
    return rows.values_list("stored_as", flat=True)
