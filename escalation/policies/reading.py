"""Read values out of a policy's body; what does not fit raises with place and remedy."""

import re
from collections.abc import Mapping, Sequence
from typing import cast

MAX_SHOWN = 80

_SLUG = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")


class PolicyError(ValueError):
    """A policy cannot be used. The message names the place, the value, the remedy."""


def read_object(value: object, *, where: str) -> Mapping[str, object]:
    """Return an object's members."""
    if not isinstance(value, Mapping):
        raise PolicyError(f"{where}: {shown(value)} is not an object; send one")
    return value


def allow_only(
    members: Mapping[str, object], names: Sequence[str], *, where: str
) -> None:
    """Refuse members that nobody would look at."""
    for name in members:
        if name not in names:
            place = f"{where}.{name}" if where else name
            raise PolicyError(f"{place}: not known here; use {', '.join(names)}")


def read_list(
    value: object, *, most: int, what: str, where: str, example: str = ""
) -> list[object]:
    """Return a list of one to `most` items."""
    if not isinstance(value, list) or not 1 <= len(value) <= most:
        such_as = f" such as {example}" if example else ""
        raise PolicyError(f"{where}: send a list of 1 to {most} {what}{such_as}")
    return value


def read_integer(value: object, least: int, most: int, *, where: str) -> int:
    """Return a whole number between two, both included."""
    is_integer = isinstance(value, int) and not isinstance(value, bool)
    if not is_integer or not least <= cast("int", value) <= most:
        raise PolicyError(
            f"{where}: {shown(value)} does not fit; use a whole number "
            f"from {least} to {most}"
        )
    return cast("int", value)


def read_slug(value: object, *, where: str, remedy: str) -> str:
    """Return a slug."""
    if not isinstance(value, str) or not is_slug(value):
        raise PolicyError(f"{where}: {shown(value)} does not fit; {remedy}")
    return value


def is_slug(text: str) -> bool:
    """Tell whether a text can be a slug."""
    return _SLUG.fullmatch(text) is not None


def shown(value: object) -> str:
    """Return a value as an error quotes it, short."""
    if isinstance(value, list | Mapping):
        return f"a value with {len(value)} items"
    return repr(value)[:MAX_SHOWN]
