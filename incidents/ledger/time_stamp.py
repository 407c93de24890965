"""Asks for time stamps and verifies them: somebody's word that a text was there by then.

    request = write_request(text, nonce=nonce)          # to be posted to the authority
    stamp = verify_stamp(answer, text, certificates, nonce=nonce)

An answer is kept as it came, a whole response and not only its token, because this is
what `openssl ts -verify` reads. Signatures are verified at the time that the stamp says:
a certificate that has ended since takes nothing from what was signed before.

Without the package `rfc3161-client` nothing is verified here; `openssl_command` says how
to do it with openssl.

Source: RFC 3161 §2.4, RFC 5652 §5.1, X.690 §11.6.
"""

import hashlib
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Final

try:
    from cryptography.x509 import (
        Certificate,
        InvalidVersion,
        ObjectIdentifier,
        load_pem_x509_certificates,
    )
    from rfc3161_client import (
        TimeStampResponse,
        VerificationError,
        VerifierBuilder,
        decode_timestamp_response,
    )
except ImportError:
    HAS_LIBRARY = False
else:
    HAS_LIBRARY = True

if TYPE_CHECKING:
    from rfc3161_client.tsp import Accuracy

MAX_STAMP_BYTES: Final = 64 * 1024
MAX_CERTIFICATES: Final = 20
NONCE_BITS: Final = 63

_SHA256: Final = "2.16.840.1.101.3.4.2.1"
_INTEGER, _OCTETS, _NULL, _OID, _BOOLEAN = 0x02, 0x04, 0x05, 0x06, 0x01
_SEQUENCE, _CONTEXT_0 = 0x30, 0xA0
_LONG: Final = 0x80
_GRANTED: Final = 0
# An authority that does not say how exact its clock is writes whole seconds at worst.
_USUAL_ACCURACY_MS: Final = 1000


class BadStamp(ValueError):
    """It cannot be read, or is of something else."""


class UntrustedStamp(BadStamp):
    """It is of this text, but not by an authority of these certificates."""


class BadCertificates(ValueError):
    """The text holds no certificates of an authority."""


@dataclass(frozen=True, slots=True)
class Stamp:
    """When the authority saw the text, by its clock, and how exact that is."""

    at: datetime
    accuracy_ms: int
    policy: str

    @property
    def at_ms(self) -> int:
        """Return the instant in milliseconds since 1970."""
        return round(self.at.timestamp() * 1000)


@dataclass(frozen=True, slots=True)
class Certificates:
    """Whom to believe: `roots` sign themselves, `others` lie between them and a stamp."""

    roots: "tuple[Certificate, ...]"
    others: "tuple[Certificate, ...]"


def write_request(text: str, *, nonce: int, policy: str = "") -> bytes:
    """Return the question for a stamp of this text, with the authority's certificate.

    `policy` is a number with dots that `is_policy` allows, empty for the usual one.
    """
    algorithm = _tlv(_SEQUENCE, _tlv(_OID, _oid(_SHA256)) + _tlv(_NULL, b""))
    imprint = _tlv(_SEQUENCE, algorithm + _tlv(_OCTETS, _digest(text)))
    number = nonce.to_bytes(nonce.bit_length() // 8 + 1, "big")
    parts = [_tlv(_INTEGER, b"\1"), imprint]
    parts += [_tlv(_OID, _oid(policy))] if policy else []
    parts += [_tlv(_INTEGER, number), _tlv(_BOOLEAN, b"\xff")]
    return _tlv(_SEQUENCE, b"".join(parts))


def is_policy(text: str) -> bool:
    """Tell whether a text is an object identifier, such as 1.3.6.1.4.1.99999.1."""
    arcs = text.split(".")
    if not all(arc.isascii() and arc.isdigit() and len(arc) < 20 for arc in arcs):  # noqa: PLR2004 (no arc is longer)
        return False
    numbers = [int(arc) for arc in arcs]
    is_plain = ".".join(map(str, numbers)) == text and 2 < len(arcs) <= 20  # noqa: PLR2004 (nor is a number)
    return is_plain and numbers[0] < 3 and (numbers[0] == 2 or numbers[1] < 40)  # noqa: PLR2004 (X.660)


def read_certificates(pem: bytes) -> Certificates:
    """Read certificates in PEM. Raises BadCertificates.

    Requires `rfc3161-client`.
    """
    try:
        found = load_pem_x509_certificates(pem)
        roots = tuple(one for one in found if one.issuer == one.subject)
    except (InvalidVersion, ValueError) as error:
        raise BadCertificates(f"no certificates in PEM: {error}") from None
    if not roots:
        raise BadCertificates("none of these certificates is a root, one of its own")
    if len(found) > MAX_CERTIFICATES or len(set(found)) < len(found):
        raise BadCertificates(f"at most {MAX_CERTIFICATES} certificates, each once")
    return Certificates(roots, tuple(one for one in found if one not in roots))


def verify_stamp(
    answer: bytes,
    text: str,
    certificates: Certificates,
    *,
    nonce: int | None = None,
    policy: str = "",
) -> Stamp:
    """Return what the answer says of this text. Raises BadStamp, UntrustedStamp.

    Requires `rfc3161-client`.
    """
    response, stamp = _read(answer, text)
    verifier = VerifierBuilder(
        policy_id=ObjectIdentifier(policy) if policy else None,
        roots=list(certificates.roots),
        intermediates=list(certificates.others),
        nonce=nonce,
    ).build()
    try:
        verifier.verify(response, _digest(text))
    except (VerificationError, InvalidVersion, ValueError) as error:
        raise UntrustedStamp(str(error)) from None
    return stamp


def _read(answer: bytes, text: str) -> "tuple[TimeStampResponse, Stamp]":
    if len(answer) > MAX_STAMP_BYTES:
        raise BadStamp(f"it has over {MAX_STAMP_BYTES} bytes")
    try:
        response = decode_timestamp_response(_with_ordered_certificates(answer))
        said, reasons = response.status, response.status_string
        stamp, imprint = _opened(response) if said == _GRANTED else (None, b"")
    except ValueError as error:
        raise BadStamp(f"it cannot be read: {error}"[:200]) from None
    if stamp is None:
        raise BadStamp(f"refused with status {said} {' '.join(reasons)[:100]}".strip())
    if imprint != _digest(text):
        raise BadStamp("it is of another text")
    return response, stamp


def _opened(response: "TimeStampResponse") -> tuple[Stamp, bytes]:
    """Return what a response says, and the SHA-256 that it is of; empty for another."""
    info = response.tst_info
    stamp = Stamp(
        info.gen_time, _milliseconds(info.accuracy), info.policy.dotted_string
    )
    is_sha256 = info.message_imprint.hash_algorithm.dotted_string == _SHA256
    return stamp, info.message_imprint.message if is_sha256 else b""


def openssl_command(*, size: int, text: str, bundle: str, certificates: str) -> str:
    """Return how to verify a bundle's stamp of the head of this size with openssl."""
    name = f"{size}.tsr"
    taken = f"unzip -p {shlex.quote(bundle)} tsa/{name} > {name}"
    digest = _digest(text).hex()
    file = shlex.quote(certificates)
    return f"{taken} && openssl ts -verify -digest {digest} -in {name} -CAfile {file}"


def _digest(text: str) -> bytes:
    return hashlib.sha256(text.encode()).digest()


def _milliseconds(accuracy: "Accuracy | None") -> int:
    if accuracy is None:
        return _USUAL_ACCURACY_MS
    micros = (accuracy.seconds or 0) * 1_000_000
    micros += (accuracy.millis or 0) * 1000 + (accuracy.micros or 0)
    return -(-micros // 1000)


def _tlv(tag: int, body: bytes) -> bytes:
    """Return a value in DER. Requires a body below 128 bytes."""
    return bytes([tag, len(body)]) + body


def _oid(text: str) -> bytes:
    first, second, *arcs = map(int, text.split("."))
    return b"".join(_base128(arc) for arc in (40 * first + second, *arcs))


def _base128(number: int) -> bytes:
    digits = [number & 0x7F]
    while number := number >> 7:
        digits.append(number & 0x7F | 0x80)
    return bytes(reversed(digits))


def _with_ordered_certificates(answer: bytes) -> bytes:
    """Return the same answer with its certificates in the order that DER asks for.

    OpenSSL writes them in another, and the library refuses that. No signature covers
    their order.
    """
    try:
        response = next(_values(answer, 0, len(answer)))
        token = [*_values(answer, *response[1:])][1]
        content = [*_values(answer, *token[1:])][1]
        signed = next(_values(answer, *content[1:]))
        members = _values(answer, *signed[1:])
        _, begins, ends = next(one for one in members if answer[one[0]] == _CONTEXT_0)
        held = [answer[one[0] : one[2]] for one in _values(answer, begins, ends)]
    except (IndexError, StopIteration):
        return answer  # the library says what is wrong with it
    return answer[:begins] + b"".join(sorted(held)) + answer[ends:]


def _values(data: bytes, at: int, ends: int) -> Iterator[tuple[int, int, int]]:
    """Yield where each value of DER begins, where its content does, and where it ends.

    Raises IndexError for what is none.
    """
    while at < ends:
        length, begins = data[at + 1], at + 2
        if length >= _LONG:
            count = length - _LONG
            length = int.from_bytes(data[begins : begins + count], "big")
            begins += count
        if begins + length > ends:
            raise IndexError
        yield at, begins, begins + length
        at = begins + length
