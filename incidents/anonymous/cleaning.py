"""Write pictures anew, without what cameras and programs put beside the picture.

Only the pixels are kept: no EXIF, no place, no serial number, no comment, no thumbnail,
no colour profile. A file that is no still JPEG, PNG or WebP is kept as it is, and said
to be so. Free of Django.
"""

import io
import re
import threading
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from incidents.incident.media_types import SNIFFED_BYTES, sniff

if TYPE_CHECKING:
    from PIL.Image import Image

# A picture of more pixels is kept as it is: writing it anew would take too much memory.
MAX_PIXELS: Final = 40_000_000
_FORMATS: Final = {"image/jpeg": "JPEG", "image/png": "PNG", "image/webp": "WEBP"}
_EXTENSIONS: Final = {
    "application/gzip": "gz",
    "application/json": "json",
    "application/pdf": "pdf",
    "application/zip": "zip",
    "image/gif": "gif",
    "image/jpeg": "jpg",
    "image/png": "png",
    "image/webp": "webp",
    "text/plain": "txt",
}
_EXTENSION: Final = re.compile(r"\.([A-Za-z0-9]{1,8})$")
# The quickest that each can do: whoever sends pictures decides how much of them is done.
_OPTIONS: Final[dict[str, dict[str, Any]]] = {
    "JPEG": {"quality": 92},
    "PNG": {"compress_level": 3},
    "WEBP": {"quality": 92, "method": 0},
}
# One picture at a time in a process, or a few would take its memory and its processors
# from everything else that is served.
_ONE_PICTURE: Final = threading.Semaphore()
_LONGEST_WAIT_SECONDS: Final = 10


class CleaningBusy(Exception):
    """Others' pictures are being written anew; try again after a while."""


@dataclass(frozen=True, slots=True)
class RawFile:
    """A file as somebody sent it, and the name that it had there."""

    data: bytes = field(repr=False)
    name: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class CleanFile:
    """A file as it is kept; `is_cleaned` says that it was written anew."""

    data: bytes = field(repr=False)
    media_type: str
    extension: str
    is_cleaned: bool


def clean_files(files: Iterable[RawFile]) -> list[CleanFile]:
    """Return the files as they are kept. Raises CleaningBusy."""
    return [clean_file(file.data, name=file.name) for file in files]


def clean_file(data: bytes, *, name: str) -> CleanFile:
    """Return the file without its metadata where its type allows; of `name` the ending.

    Raises CleaningBusy.
    """
    media_type = sniff(data[:SNIFFED_BYTES])
    pixels = None
    if media_type in _FORMATS:
        if not _ONE_PICTURE.acquire(timeout=_LONGEST_WAIT_SECONDS):
            raise CleaningBusy
        try:
            pixels = _rewritten(data, _FORMATS[media_type])
        finally:
            _ONE_PICTURE.release()
    return CleanFile(
        data=data if pixels is None else pixels,
        media_type=media_type,
        extension=_extension(name, media_type),
        is_cleaned=pixels is not None,
    )


def _rewritten(data: bytes, kind: str) -> bytes | None:
    """Return the picture made of its pixels alone; None for what cannot be read whole."""
    # Pillow takes a while and memory: only who attaches a picture pays for it.
    from PIL import Image, ImageOps, UnidentifiedImageError  # noqa: PLC0415  slow import

    try:
        with Image.open(io.BytesIO(data), formats=[kind]) as opened:
            width, height = opened.size
            if width * height > MAX_PIXELS or getattr(opened, "n_frames", 1) > 1:
                return None
            upright = ImageOps.exif_transpose(opened)
            return _saved(_pixels_only(upright), kind)
    except (
        UnidentifiedImageError,
        Image.DecompressionBombError,
        OSError,
        SyntaxError,
        ValueError,
        MemoryError,
    ):
        # Pillow says all of these of files that are damaged or made to harm.
        return None


def _pixels_only(picture: "Image") -> "Image":
    from PIL import Image  # noqa: PLC0415  slow import, see above

    if picture.mode in {"P", "PA"}:
        has_holes = picture.mode == "PA" or "transparency" in picture.info
        picture = picture.convert("RGBA" if has_holes else "RGB")
    return Image.frombytes(picture.mode, picture.size, picture.tobytes())


def _saved(picture: "Image", kind: str) -> bytes:
    target = io.BytesIO()
    picture.save(target, format=kind, **_OPTIONS[kind])
    return target.getvalue()


def _extension(name: str, media_type: str) -> str:
    known = _EXTENSIONS.get(media_type, "bin")
    if media_type in _FORMATS:
        return known
    found = _EXTENSION.search(name)
    return found.group(1).lower() if found else known
