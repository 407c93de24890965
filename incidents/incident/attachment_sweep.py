"""Remove files of attachments that no row knows: left by a crash between file and row."""

import os
import re
import time
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Final

from django.conf import settings

from incidents.incident.models import Attachment

# An upload of this size on a slow line may still be on its way to its row.
UNTOUCHED_SECONDS: Final = 24 * 3600
BATCH: Final = 500
# What `attachments.py` names; anything else in the folder is somebody else's.
_OURS: Final = re.compile(r"([0-9a-f]{2})/\1[0-9a-f]{30}(\.part)?")


def sweep_attachments(*, unix_now: float | None = None) -> int:
    """Remove files that nobody has written to for a day and no row knows.

    Returns how many. The time is the host's, as that of the files is.
    """
    before = (time.time() if unix_now is None else unix_now) - UNTOUCHED_SECONDS
    root = Path(settings.ATTACHMENTS_DIR)
    old = (
        path
        for path in _files(root)
        if _OURS.fullmatch(path.relative_to(root).as_posix())
        and _changed_at(path) < before
    )
    removed = 0
    while batch := list(islice(old, BATCH)):
        removed += _remove_unknown(root, batch)
    return removed


def _files(root: Path) -> Iterator[Path]:
    """Yield the files of the folders that uploads are put in, and of no others."""
    for folder in sorted(root.glob("[0-9a-f][0-9a-f]")):
        with os.scandir(folder) as entries:
            yield from (
                Path(e.path) for e in entries if e.is_file(follow_symlinks=False)
            )


def _remove_unknown(root: Path, paths: list[Path]) -> int:
    names = {path.relative_to(root).as_posix(): path for path in paths}
    rows = Attachment.objects.filter(stored_as__in=names)
    unknown = names.keys() - set(rows.values_list("stored_as", flat=True))
    for name in unknown:
        names[name].unlink(missing_ok=True)
    return len(unknown)


def _changed_at(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except FileNotFoundError:
        return float("inf")  # gone meanwhile: nothing to remove
