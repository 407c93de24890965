"""Sends a bundle, and forgets the files of old ones."""

import re
from collections.abc import Collection, Iterable
from datetime import datetime
from typing import Final

from django.http import FileResponse

from incidents.errors import NotPossible
from incidents.evidence.building import FOLDER
from incidents.evidence.models import BundleState, EvidenceBundle
from incidents.incident.attachment_sweep import sweep_files
from incidents.incident.downloads import download_response
from incidents.incident.new_file import path_of

BATCH: Final = 100
_NAME: Final = re.compile(rf"{FOLDER}/[0-9a-f]{{32}}(\.part)?")


def bundle_response(row: EvidenceBundle, *, by: str, now: datetime) -> FileResponse:
    """Return the zip file as a download; record the reading before.

    Raises NotPossible while there is none, or none any more.
    """
    if not row.is_there(now):
        message = "There is no file to fetch: the bundle is not ready, or its file is deleted. Ask for a new one."
        raise NotPossible(message, state={"state": row.state})
    return download_response(row, by=by)


def forget_old_bundles(now: datetime) -> int:
    """Delete the files that have expired; returns how many. The rows stay."""
    rows = EvidenceBundle.objects.filter(state=BundleState.READY, expires_at__lte=now)
    old = list(rows.order_by("id")[:BATCH])
    for row in old:
        path_of(row.stored_as).unlink(missing_ok=True)
    EvidenceBundle.objects.filter(pk__in=[row.pk for row in old]).update(
        state=BundleState.EXPIRED
    )
    return len(old)


def sweep_bundles(now: datetime, *, unix_now: float | None = None) -> int:
    """Delete files that have expired, and those that no row knows; returns how many."""
    expired = 0
    while count := forget_old_bundles(now):
        expired += count
    return expired + sweep_files(FOLDER, _NAME, known=_known, unix_now=unix_now)


def _known(names: Collection[str]) -> Iterable[str]:
    rows = EvidenceBundle.objects.filter(stored_as__in=names)
    return rows.values_list("stored_as", flat=True)
