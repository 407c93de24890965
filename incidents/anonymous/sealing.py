"""Encrypt what a reporter and the handlers write, under a key of each report's own."""

import uuid
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from incidents.anonymous.models import AnonymousReport, ReportMessage
from incidents.ledger.keyring import decrypt, encrypt, make_data_keys, unwrap
from incidents.ledger.models import DataKey


@dataclass(frozen=True, slots=True)
class Seal:
    """Seals and opens the words of one report; each is bound to its place."""

    key: bytes

    @classmethod
    def of(cls, report: AnonymousReport) -> "Seal":
        """Return the seal of a report, made when it is the first time."""
        return cls(unwrap(make_data_keys([report.uid])[report.uid]))

    def seal(self, data: bytes, *, place: uuid.UUID, what: str) -> bytes:
        """Encrypt the title or the text of a message, or a file."""
        return encrypt(self.key, data, context=_context(place, what))

    def open(self, sealed: bytes | memoryview, *, place: uuid.UUID, what: str) -> bytes:
        """Undo `seal`."""
        return decrypt(self.key, sealed, context=_context(place, what))

    def title(self, report: AnonymousReport) -> str:
        """Return the title of the report."""
        return self.open(report.title_sealed, place=report.uid, what="title").decode()

    def text(self, message: ReportMessage) -> str:
        """Return the words of a message."""
        return self.open(message.text_sealed, place=message.uid, what="text").decode()


def titles_of(reports: Sequence[AnonymousReport]) -> dict[int, str]:
    """Return {report id: title} in one statement."""
    keys = _keys({report.uid for report in reports})
    return {report.pk: keys[report.uid].title(report) for report in reports}


def forget_keys(uids: Collection[uuid.UUID]) -> None:
    """Destroy the keys of reports: what is left of their words cannot be read again."""
    DataKey.objects.filter(owner__in=uids).delete()


def _keys(uids: Collection[uuid.UUID]) -> dict[uuid.UUID, Seal]:
    rows = DataKey.objects.filter(owner__in=uids)
    return {row.owner: Seal(unwrap(row)) for row in rows}


def _context(place: uuid.UUID, what: str) -> bytes:
    return b"anonymous report:%s:%s" % (place.bytes, what.encode())
