"""Check that Amazon SNS signed a message, for a topic that the source takes. Pure.

The certificate is fetched by the function that is passed in, from hosts of SNS only and
after all that can be checked without it; AWS signs for everybody who has an account, so
the topics that are taken are part of the proof.

Source: Amazon SNS developer guide, "Verifying the signatures of Amazon SNS messages".
"""

import base64
import binascii
import json
import re
from collections.abc import Mapping, Sequence
from typing import Any, Final
from urllib.parse import urlsplit

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA1, SHA256, HashAlgorithm
from cryptography.x509 import Certificate

from incidents.intake.adapters.times import read_instant

AHEAD_SECONDS: Final = 300
# SNS tries again for up to an hour, with the instant of its first try.
AGE_SECONDS: Final = 3_600
CONFIRMATIONS: Final = ("SubscriptionConfirmation", "UnsubscribeConfirmation")
_SECRET_FIELDS: Final = ("Token", "SubscribeURL")
_SIGNED: Final[Mapping[str, Sequence[str]]] = {
    "Notification": (
        "Message",
        "MessageId",
        "Subject",
        "Timestamp",
        "TopicArn",
        "Type",
    ),
    **dict.fromkeys(
        CONFIRMATIONS,
        (
            "Message",
            "MessageId",
            "SubscribeURL",
            "Timestamp",
            "Token",
            "TopicArn",
            "Type",
        ),
    ),
}
# What SNS signs is lines of names and values: only the free text of a message may have
# lines of its own, or another text with other values would be signed by the same bytes.
_FREE_TEXT: Final = "Message"
_TOPIC: Final = re.compile(
    r"arn:aws[a-z-]{0,20}:sns:[a-z0-9-]{1,40}:[0-9]{12}:[A-Za-z0-9_.-]{1,256}"
)
_HOST: Final = re.compile(r"sns\.[a-z0-9-]{1,40}\.amazonaws\.com(\.cn)?")
_CERTIFICATE: Final = re.compile(r"/[A-Za-z0-9._-]{1,200}\.pem")


def read_envelope(body: bytes) -> dict[str, Any] | None:
    """Return the message as SNS wraps it, None for anything else."""
    try:
        envelope = json.loads(body)
    except (ValueError, RecursionError):
        return None
    if not isinstance(envelope, dict):
        return None
    kind = envelope.get("Type")
    return envelope if isinstance(kind, str) and kind in _SIGNED else None


def early_reason(
    envelope: Mapping[str, Any], *, topics: Sequence[str], at: float
) -> str:
    """Return why a message is refused whoever signed it; empty when it is not."""
    if not _is_as_sns_writes(envelope):
        return "signature_wrong"
    if not is_taken(envelope["TopicArn"], topics):
        return "topic_not_taken"
    sent_at = read_instant(envelope.get("Timestamp"))
    if sent_at is None:
        return "timestamp_missing"
    if not -AHEAD_SECONDS <= at - sent_at.timestamp() <= AGE_SECONDS:
        return "timestamp_outside"
    if not certificate_address(envelope):
        return "certificate_not_of_aws"
    return ""


def _is_as_sns_writes(envelope: Mapping[str, Any]) -> bool:
    """Tell whether the signed fields can be read in one way only."""
    names = _SIGNED[envelope["Type"]]
    return all(_is_plain(name, envelope.get(name)) for name in names)


def _is_plain(name: str, value: object) -> bool:
    if value is None:
        return name == "Subject"
    return isinstance(value, str) and (name == _FREE_TEXT or "\n" not in value)


def is_taken(topic: str, topics: Sequence[str]) -> bool:
    """Tell whether a topic is in the list, in which an entry may end in a star."""
    return _TOPIC.fullmatch(topic) is not None and any(
        topic.startswith(entry[:-1]) if entry.endswith("*") else topic == entry
        for entry in topics
    )


def certificate_address(envelope: Mapping[str, Any]) -> str:
    """Return where the certificate is, empty when that is no place of SNS.

    Written in one way, so that none is fetched and kept more than once.
    """
    address = envelope.get("SigningCertURL")
    if not isinstance(address, str) or not _is_of_sns(address):
        return ""
    parts = urlsplit(address)
    is_plain = not parts.query and not parts.fragment
    if not is_plain or not _CERTIFICATE.fullmatch(parts.path):
        return ""
    return f"https://{parts.hostname}{parts.path}"


def confirmation_address(envelope: Mapping[str, Any]) -> str:
    """Return what must be fetched to confirm a subscription, empty for other messages."""
    address = envelope.get("SubscribeURL")
    is_asked = envelope.get("Type") == "SubscriptionConfirmation"
    is_there = isinstance(address, str) and _is_of_sns(address)
    return str(address) if is_asked and is_there else ""


def is_signed(
    envelope: Mapping[str, Any], certificate: Certificate, *, at: float
) -> bool:
    """Tell whether the holder of the certificate, if it is valid, signed the message."""
    key = certificate.public_key()
    begins = certificate.not_valid_before_utc.timestamp()
    ends = certificate.not_valid_after_utc.timestamp()
    if not isinstance(key, RSAPublicKey) or not begins <= at <= ends:
        return False
    version = str(envelope.get("SignatureVersion"))
    algorithm: HashAlgorithm = SHA256()
    if version == "1":
        algorithm = SHA1()  # noqa: S303  SNS signs so unless the topic says otherwise
    elif version != "2":
        return False
    try:
        signature = base64.b64decode(str(envelope.get("Signature")), validate=True)
        key.verify(signature, canonical(envelope), PKCS1v15(), algorithm)
    except (InvalidSignature, binascii.Error, ValueError):
        return False
    return True


def canonical(envelope: Mapping[str, Any]) -> bytes:
    r"""Return the text that SNS signs.

    >>> canonical({"Type": "Notification", "Message": "Hi", "MessageId": "1"})
    b'Message\nHi\nMessageId\n1\nType\nNotification\n'
    """
    names = [n for n in _SIGNED[envelope["Type"]] if envelope.get(n) is not None]
    return "".join(f"{name}\n{envelope[name]}\n" for name in names).encode()


def without_token(body: bytes) -> bytes:
    """Return the body to be kept: that of a confirmation without what would confirm it."""
    if b"SubscribeURL" not in body:
        return body
    envelope = read_envelope(body)
    if envelope is None or envelope["Type"] not in CONFIRMATIONS:
        return body
    kept = {n: v for n, v in envelope.items() if n not in _SECRET_FIELDS}
    return json.dumps(kept).encode()


def _is_of_sns(address: str) -> bool:
    try:
        parts = urlsplit(address)
        return (
            parts.scheme == "https"
            and parts.port in (None, 443)
            and parts.username is None
            and _HOST.fullmatch(parts.hostname or "") is not None
        )
    except ValueError:
        return False
