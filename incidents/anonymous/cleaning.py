"""Write pictures anew, without what cameras and programs put beside the picture.

Only the pixels are kept: no EXIF, no place, no serial number, no comment, no thumbnail,
no colour profile. A file that is no still JPEG, PNG or WebP is kept as it is, and said
to be so. Free of Django.
"""

import io
import re
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
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
_OPTIONS: Final[dict[str, dict[str, Any]]] = {
    "JPEG": {"quality": 92, "optimize": True},
    "PNG": {"optimize": True},
    "WEBP": {"quality": 92, "method": 4},
}


@dataclass(frozen=True, slots=True)
class CleanFile:
    """A file as it is kept; `is_cleaned` says that it was written anew."""

    data: bytes = field(repr=False)
    media_type: str
    extension: str
    is_cleaned: bool


def clean_file(data: bytes, *, name: str) -> CleanFile:
    """Return the file without its metadata where its type allows; of `name` the ending."""
    media_type = sniff(data[:SNIFFED_BYTES])
    pixels = _rewritten(data, _FORMATS[media_type]) if media_type in _FORMATS else None
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
        with _bombs_refused(), Image.open(io.BytesIO(data), formats=[kind]) as opened:
            width, height = opened.size
            if width * height > MAX_PIXELS or getattr(opened, "n_frames", 1) > 1:
                return None
            upright = ImageOps.exif_transpose(opened)
            return _saved(_pixels_only(upright), kind)
    except (
        UnidentifiedImageError,
        Image.DecompressionBombError,
        Warning,
        OSError,
        SyntaxError,
        ValueError,
        MemoryError,
    ):
        # Pillow says all of these of files that are damaged or made to harm.
        return None


@contextmanager
def _bombs_refused() -> Iterator[None]:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield


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
