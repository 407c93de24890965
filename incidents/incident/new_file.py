"""Write a file under a name of ours, measured on the way, whole on disk or not there.

The bytes are hashed and counted as they are written. `keep` syncs the file, gives it its
name and syncs the folders, in this order: a name that is found after a power cut has its
bytes. Until then the file ends in `.part`, which no row ever names.
"""

import contextlib
import errno
import hashlib
import os
import shutil
import uuid
from pathlib import Path
from typing import Final

from django.conf import settings

from incidents.errors import NoRoom, TooLarge
from incidents.incident.media_types import SNIFFED_BYTES, sniff

# How much is written between two looks at the disk.
LOOK_EVERY_BYTES: Final = 16 * 1024 * 1024
_FULL: Final = {errno.ENOSPC, errno.EDQUOT}


def path_of(stored_as: str) -> Path:
    """Return where the bytes of a kept file lie."""
    return Path(settings.ATTACHMENTS_DIR) / stored_as


def check_room(wanted_bytes: int) -> None:
    """Raise NoRoom if a file of this size would leave less than the reserve."""
    free = shutil.disk_usage(_existing(Path(settings.ATTACHMENTS_DIR))).free
    if free - wanted_bytes < settings.ATTACHMENT_RESERVE_BYTES:
        raise NoRoom


class NewFile:
    """One file while it is written; close it by `keep` or by `discard`."""

    def __init__(self, *, folder: str = "", limit_bytes: int | None = None) -> None:
        self.uid = uuid.uuid4()
        self.stored_as = f"{folder or self.uid.hex[:2]}/{self.uid.hex}"
        self.size_bytes = 0
        self._limit_bytes = limit_bytes
        self._digest = hashlib.sha256()
        self._head = b""
        self._looked_at_bytes = 0
        self._final = path_of(self.stored_as)
        self._part = self._final.with_suffix(".part")
        self._final.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        descriptor = os.open(self._part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        self._target = os.fdopen(descriptor, "wb")
        self._is_kept = False

    @property
    def sha256(self) -> str:
        """The digest of what is written so far."""
        return self._digest.hexdigest()

    @property
    def media_type(self) -> str:
        """What the first bytes speak for."""
        return sniff(self._head)

    def write(self, chunk: bytes) -> None:
        """Add bytes. Raises TooLarge, NoRoom."""
        self.size_bytes += len(chunk)
        _check_size(self.size_bytes, self._limit_bytes)
        if self.size_bytes - self._looked_at_bytes >= LOOK_EVERY_BYTES:
            self._looked_at_bytes = self.size_bytes
            check_room(0)
        if len(self._head) < SNIFFED_BYTES:
            self._head += chunk[: SNIFFED_BYTES - len(self._head)]
        self._digest.update(chunk)
        try:
            self._target.write(chunk)
        except OSError as error:
            raise _told(error) from error

    def keep(self, *, changed_at: float | None = None) -> None:
        """Make the file whole and durable under its name. Raises NoRoom.

        `changed_at` is what the file then says of its time, in seconds of the epoch.
        """
        try:
            self._target.flush()
            os.fsync(self._target.fileno())
            self._target.close()
            if changed_at is not None:
                os.utime(self._part, (changed_at, changed_at))
            self._part.replace(self._final)
            self._is_kept = True
            _sync(self._final.parent)
            # The folder itself may be new.
            _sync(self._final.parent.parent)
        except OSError as error:
            raise _told(error) from error

    def discard(self) -> None:
        """Remove what was written, unless it was kept."""
        if self._is_kept:
            return
        with contextlib.suppress(OSError):  # what could not be written is not wanted
            self._target.close()
        self._part.unlink(missing_ok=True)

    def remove(self) -> None:
        """Remove the file though it was kept."""
        self.discard()
        self._final.unlink(missing_ok=True)


def _check_size(size_bytes: int, limit_bytes: int | None) -> None:
    limit = settings.MAX_ATTACHMENT_BYTES if limit_bytes is None else limit_bytes
    if size_bytes > limit:
        raise TooLarge(
            f"The file is larger than the limit of {limit} bytes "
            f"({limit / 1024 / 1024:.1f} MiB). Split it, or send a pointer to it."
        )


def _existing(folder: Path) -> Path:
    return next(path for path in (folder, *folder.parents) if path.exists())


def _sync(folder: Path) -> None:
    """Make new names in a folder survive a power cut."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _told(error: OSError) -> OSError | NoRoom:
    return NoRoom() if error.errno in _FULL else error
