"""What can go wrong, as the callers of domain functions see it.

TocsinError
├── BadInput        422  what was sent cannot be used: field, value, remedy
│   └── NotVisible  404  it names what is not there, or not visible
├── TooLarge        413  more bytes than the limit
├── NotAllowed      403  visible, but not for this role
├── NotPossible     409  not in the present state; carries that state
├── Unavailable     503  a part that is needed does not answer; try again
├── NoRoom          507  the disk is nearly full; nothing was stored
└── BadConfiguration 500 the installation is set up wrongly
"""

from typing import Any, ClassVar


class TocsinError(Exception):
    """Something that the caller can be told plainly."""

    code: ClassVar[str] = "error"
    status: ClassVar[int] = 500

    def __init__(self, message: str | None = None) -> None:
        self.message = message or (type(self).__doc__ or "").strip()
        super().__init__(self.message)


class BadInput(TocsinError):
    """What was sent cannot be used."""

    code = "bad_input"
    status = 422

    def __init__(self, field: str, value: object, remedy: str) -> None:
        self.field = field
        self.value = value
        self.remedy = remedy
        super().__init__(f"{field}: {str(value)[:200]!r} cannot be used. {remedy}")


class NotVisible(BadInput):
    """What was named is not there, or not for you to see: the two answer alike."""

    code = "not_found"
    status = 404


class TooLarge(TocsinError):
    """What was sent is larger than the limit."""

    code = "too_large"
    status = 413


class NotAllowed(TocsinError):
    """Your role in this organisation does not allow this."""

    code = "not_allowed"
    status = 403


class NotPossible(TocsinError):
    """It is not possible in the present state."""

    code = "not_possible"
    status = 409

    def __init__(self, message: str, *, state: dict[str, Any]) -> None:
        self.state = state
        super().__init__(message)


class Unavailable(TocsinError):
    """A part that is needed does not answer; nothing was stored, try again."""

    code = "unavailable"
    status = 503


class NoRoom(TocsinError):
    """The disk for files is nearly full, so the file was not stored; all else still is."""

    code = "no_room"
    status = 507


class BadConfiguration(TocsinError):
    """The installation is set up wrongly."""

    code = "bad_configuration"
