"""Checks the RFC 3161 time stamps of heads by certificates that the verifier holds.

A stamp is a third clock beside those of the operator and the witnesses: that of an
authority which knows nothing of the log. It bounds times as a witness does.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from incidents.ledger.checkpoint import Checkpoint
from incidents.ledger.time_stamp import (
    HAS_LIBRARY,
    BadStamp,
    Certificates,
    Stamp,
    UntrustedStamp,
    openssl_command,
    read_certificates,
    verify_stamp,
)
from incidents.ledger.verify.heads import Reading
from incidents.ledger.verify.instants import written
from incidents.ledger.verify.parts import Parts
from incidents.ledger.verify.verdict import Code, Doubt, Finding, Rejected

AUTHORITY: Final = "the time-stamping authority"
APART_SECONDS: Final = 60
MAX_STAMPS: Final = 100

_FOLDER: Final = "tsa/"
_END: Final = ".tsr"
_MILLISECONDS: Final = 1000
_HINT: Final = "CERTIFICATES.pem"  # stands for a file of the reader's own


@dataclass(frozen=True, slots=True)
class Held:
    """What stamps are checked by; without certificates, or the library, none is.

    `bundle` and `file` are how the reader calls the bundle and the certificates.
    """

    certificates: Certificates | None = None
    bundle: str = "BUNDLE"
    file: str = _HINT


@dataclass(frozen=True, slots=True)
class Checked:
    """A stamp of the head of one size. `said` is for people: when, or how to check it."""

    size: int
    stamp: Stamp | None
    said: str
    doubt: str = ""

    def reading(self) -> Iterator[Reading]:
        """Yield between which instants the authority saw the head, if that is verified."""
        if self.stamp is not None:
            since = self.stamp.at_ms - self.stamp.accuracy_ms
            by = self.stamp.at_ms + self.stamp.accuracy_ms
            whole = since // _MILLISECONDS, -(-by // _MILLISECONDS)
            yield Reading(self.size, AUTHORITY, *whole)


def hold(pem: bytes, *, bundle: str, file: str) -> Held:
    """Return what to check by. Raises BadCertificates."""
    return Held(read_certificates(pem) if HAS_LIBRARY else None, bundle, file)


def check_stamps(
    parts: Parts, heads: Mapping[int, Checkpoint], held: Held
) -> list[Checked]:
    """Check each stamp by the head of its size. Raises Rejected."""
    checked: list[Checked] = []
    for listed in parts.in_folder(_FOLDER):
        digits = listed.path.removeprefix(_FOLDER).removesuffix(_END)
        head = heads.get(int(digits)) if digits.isascii() and digits.isdigit() else None
        if head is None or listed.path != f"{_FOLDER}{head.size}{_END}":
            raise Rejected(
                Code.TIME_STAMP, f"{listed.path} is of no head in the bundle"
            )
        if len(checked) >= MAX_STAMPS:
            raise Rejected(Code.TOO_LARGE, f"there are over {MAX_STAMPS} time stamps")
        checked.append(_check(parts.read(listed.path), head, held))
    return sorted(checked, key=lambda one: one.size)


def _check(answer: bytes, head: Checkpoint, held: Held) -> Checked:
    if held.certificates is None:
        command = openssl_command(
            size=head.size, text=head.text, bundle=held.bundle, certificates=held.file
        )
        return Checked(head.size, None, f"{head.size} entries, not checked: {command}")
    try:
        stamp = verify_stamp(answer, head.text, held.certificates)
    except UntrustedStamp as error:
        return Checked(
            head.size, None, f"{head.size} entries, not trusted", str(error)[:200]
        )
    except BadStamp as error:
        raise Rejected(
            Code.TIME_STAMP, f"{_FOLDER}{head.size}{_END}: {error}"
        ) from None
    within = f"{stamp.accuracy_ms / _MILLISECONDS:g} s"
    said = f"{head.size} entries by {written(stamp.at_ms)}, exact to {within}"
    return Checked(head.size, stamp, said)


def doubts_about(
    checked: Iterable[Checked], clocks: Iterable[Reading]
) -> Iterator[Finding]:
    """Yield which stamps are not trusted, and which clocks disagree."""
    readings = list(clocks)
    for one in checked:
        readings += one.reading()
        if one.doubt:
            detail = f"of {one.size} entries: {one.doubt}"
            yield Finding(Doubt.STAMP_UNTRUSTED, 0, detail)
    yield from _disagreements(readings)


def _disagreements(readings: Iterable[Reading]) -> Iterator[Finding]:
    """Yield, once for each two clocks, that one saw a longer log before a shorter one.

    A log only grows and shows its newest head, so one of the clocks is wrong, or was
    shown an old head.
    """
    told: set[tuple[str, str]] = set()
    latest: Reading | None = None
    waiting: list[Reading] = []
    for one in sorted(readings, key=lambda one: (one.size, one.since)):
        if waiting and waiting[0].size < one.size:
            latest = max(filter(None, [latest, *waiting]), key=lambda each: each.since)
            waiting = []
        waiting.append(one)
        if latest is None or latest.since - one.by <= APART_SECONDS:
            continue
        if (latest.name, one.name) not in told:
            told.add((latest.name, one.name))
            detail = (
                f"{one.name} saw {one.size} entries {written(one.by * 1000)},"
                f" {latest.name} only {latest.size} {written(latest.since * 1000)}"
            )
            yield Finding(Doubt.CLOCKS_DISAGREE, 0, detail)
