"""Remove files that no row knows: left by a crash between file and row."""

import os
import re
import time
from collections.abc import Callable, Collection, Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import Final

from django.conf import settings

from incidents.incident.models import Attachment

# An upload of this size on a slow line may still be on its way to its row.
UNTOUCHED_SECONDS: Final = 24 * 3600
BATCH: Final = 500
# What `new_file.py` names; anything else in the folder is somebody else's.
_ATTACHMENT: Final = re.compile(r"([0-9a-f]{2})/\1[0-9a-f]{30}(\.part)?")

Known = Callable[[Collection[str]], Iterable[str]]


def sweep_attachments(*, unix_now: float | None = None) -> int:
    """Remove files of attachments that nobody has written to for a day.

    Returns how many.
    """
    return sweep_files("[0-9a-f][0-9a-f]", _ATTACHMENT, known=_known, unix_now=unix_now)


def sweep_files(
    folders: str, names: re.Pattern[str], *, known: Known, unix_now: float | None
) -> int:
    """Remove files of these names that are a day old and unknown; returns how many.

    `known` gets names and returns those that a row has. The time is the host's, as that
    of the files is.
    """
    before = (time.time() if unix_now is None else unix_now) - UNTOUCHED_SECONDS
    root = Path(settings.ATTACHMENTS_DIR)
    old = (
        path
        for path in _files(root, folders)
        if names.fullmatch(path.relative_to(root).as_posix())
        and _changed_at(path) < before
    )
    removed = 0
    while batch := list(islice(old, BATCH)):
        removed += _remove_unknown(root, batch, known)
    return removed


def _known(names: Collection[str]) -> Iterable[str]:
    rows = Attachment.objects.filter(stored_as__in=names)
    return rows.values_list("stored_as", flat=True)


def _files(root: Path, folders: str) -> Iterator[Path]:
    """Yield the files of the folders that uploads are put in, and of no others."""
    for folder in sorted(root.glob(folders)):
        with os.scandir(folder) as entries:
            yield from (
                Path(e.path) for e in entries if e.is_file(follow_symlinks=False)
            )


def _remove_unknown(root: Path, paths: list[Path], known: Known) -> int:
    names = {path.relative_to(root).as_posix(): path for path in paths}
    unknown = names.keys() - set(known(names))
    for name in unknown:
        names[name].unlink(missing_ok=True)
    return len(unknown)


def _changed_at(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except FileNotFoundError:
        return float("inf")  # gone meanwhile: nothing to remove
