"""Check who sent a webhook: shared secrets, signatures, sender's addresses. Pure.

A check works on the raw bytes of the body and compares in constant time. Several
secrets may hold at once (ours is being changed) and several signatures may be given
(the sender's is).

>>> check = Check("hmac_github", secrets=(b"It's a Secret to Everybody",))
>>> signature = "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"
>>> sent = Proof({"x-hub-signature-256": signature}.get, b"Hello, World!", "", 0)
>>> examine(check, sent)
Finding(reason='', once='', told='')
>>> examine(check, Proof({}.get, b"Hello, World!", "", 0)).reason
'signature_missing'
"""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from ipaddress import IPv4Network, IPv6Address, IPv6Network, ip_address
from typing import Any, Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.x509 import Certificate

from incidents.intake import sns_signature as sns
from incidents.intake.adapters.base import one_line

WINDOW_SECONDS: Final = 300
MAX_TOLD: Final = 300
SYMMETRIC: Final = "whsec_"
ASYMMETRIC: Final = "whpk_"

Network = IPv4Network | IPv6Network


@dataclass(frozen=True, slots=True)
class Proof:
    """What a request brings to prove who sent it.

    `header` takes a name in lower case; `body` is None when too large to be read whole;
    `at` is this host's clock in Unix seconds, which signatures in time are held against.
    """

    header: Callable[[str], str | None]
    body: bytes | None = field(repr=False)
    address: str
    at: float


@dataclass(frozen=True, slots=True)
class Check:
    """How a source's senders prove who they are. Header names are in lower case.

    `certificate` returns that at an address, None when it cannot be had just now.
    """

    kind: str
    secrets: tuple[bytes, ...] = field(default=(), repr=False)
    options: Mapping[str, Any] = field(default_factory=dict)
    networks: tuple[Network, ...] = ()
    certificate: Callable[[str], Certificate | None] | None = None


@dataclass(frozen=True, slots=True)
class Finding:
    """Why a request is refused, if it is, and the name under which it counts once.

    `told` is what it named and is refused for, where that helps to allow it.
    """

    reason: str = ""
    once: str = ""
    told: str = ""


GOOD: Final = Finding()

_Checker = Callable[[Check, Proof], Finding]


def examine(check: Check, sent: Proof) -> Finding:
    """Hold a request against a check."""
    if check.networks and not is_from(sent.address, check.networks):
        return Finding("address_outside")
    return _CHECKERS[check.kind](check, sent)


def is_from(address: str, networks: Iterable[Network]) -> bool:
    """Tell whether an address lies in one of the networks."""
    try:
        parsed = ip_address(address.partition("%")[0])
    except ValueError:
        return False
    if isinstance(parsed, IPv6Address) and parsed.ipv4_mapped:
        parsed = parsed.ipv4_mapped
    return any(parsed in network for network in networks)


def _none(check: Check, sent: Proof) -> Finding:
    return GOOD


def _bearer(check: Check, sent: Proof) -> Finding:
    scheme, _, token = (sent.header("authorization") or "").strip().partition(" ")
    if scheme.lower() != "bearer":
        return Finding("credentials_missing")
    return _credentials(token.strip(), check.secrets)


def _basic(check: Check, sent: Proof) -> Finding:
    scheme, _, given = (sent.header("authorization") or "").strip().partition(" ")
    if scheme.lower() != "basic":
        return Finding("credentials_missing")
    try:
        pair = base64.b64decode(given.strip(), validate=True)
    except (binascii.Error, ValueError):
        return Finding("credentials_wrong")
    name = str(check.options["username"]).encode()
    return _any_equal([pair], [name + b":" + s for s in check.secrets], "credentials")


def _static(check: Check, sent: Proof) -> Finding:
    given = (sent.header(check.options["header"]) or "").strip()
    if not given:
        return Finding("credentials_missing")
    return _credentials(given, check.secrets)


def _credentials(given: str, secrets: Sequence[bytes]) -> Finding:
    return _any_equal([_bytes(given)], secrets, "credentials")


def _github(check: Check, sent: Proof) -> Finding:
    given = sent.header("x-hub-signature-256") or ""
    finding = _over_body(check, sent, [given.removeprefix("sha256=")])
    return _once_sent(finding, sent, "x-github-delivery")


def _sentry(check: Check, sent: Proof) -> Finding:
    names = ("sentry-hook-signature", "sentry-app-signature")
    given = next((value for name in names if (value := sent.header(name))), "")
    return _once_sent(_over_body(check, sent, [given]), sent, "request-id")


def _pagerduty(check: Check, sent: Proof) -> Finding:
    listed = _parts(sent.header("x-pagerduty-signature"), ",")
    given = [part[3:] for part in listed if part.startswith("v1=")]
    return _once_sent(_over_body(check, sent, given), sent, "x-webhook-id")


def _over_body(check: Check, sent: Proof, given: Sequence[str]) -> Finding:
    return _in_hex(check, sent, given, before=b"")


def _in_hex(
    check: Check, sent: Proof, given: Sequence[str], *, before: bytes
) -> Finding:
    if not any(given):
        return Finding("signature_missing")
    if sent.body is None:
        return Finding("too_large_to_check")
    expected = [_mac(s, before, sent.body).hex().encode() for s in check.secrets]
    return _any_equal([_bytes(g.lower()) for g in given], expected, "signature")


def _grafana(check: Check, sent: Proof) -> Finding:
    given = sent.header(check.options["header"]) or ""
    timestamp_header = check.options.get("timestamp_header")
    if not timestamp_header:
        return _over_body(check, sent, [given])
    stamp = sent.header(timestamp_header) or ""
    if late := _untimely(stamp, sent.at):
        return Finding(late)
    finding = _in_hex(check, sent, [given], before=_bytes(stamp) + b":")
    return _once(finding, sent, stamp)


def _standard(check: Check, sent: Proof) -> Finding:
    family = "svix" if sent.header("svix-signature") else "webhook"
    uid, stamp, listed = (
        sent.header(f"{family}-{part}") or ""
        for part in ("id", "timestamp", "signature")
    )
    if not uid or not listed:
        return Finding("signature_missing")
    if late := _untimely(stamp, sent.at):
        return Finding(late)
    if sent.body is None:
        return Finding("too_large_to_check")
    signed = _bytes(f"{uid}.{stamp}.") + sent.body
    given = [part.partition(",")[::2] for part in _parts(listed, " ")]
    if any(_is_standard(secret, signed, given) for secret in check.secrets):
        return Finding(once=uid)
    return Finding("signature_wrong")


def _is_standard(
    secret: bytes, signed: bytes, given: Sequence[tuple[str, str]]
) -> bool:
    if secret.startswith(ASYMMETRIC.encode()):
        key = Ed25519PublicKey.from_public_bytes(key_of(secret.decode()))
        return any(_is_ed25519(key, signed, s) for v, s in given if v == "v1a")
    mac = base64.b64encode(_mac(key_of(secret.decode()), signed))
    matches = [hmac.compare_digest(mac, _bytes(s)) for v, s in given if v == "v1"]
    return any(matches)


def _is_ed25519(key: Ed25519PublicKey, signed: bytes, given: str) -> bool:
    try:
        key.verify(base64.b64decode(given, validate=True), signed)
    except (InvalidSignature, binascii.Error, ValueError):
        return False
    return True


def key_of(secret: str) -> bytes:
    """Return the key in a Standard Webhooks secret. Raises ValueError."""
    is_public = secret.startswith(ASYMMETRIC)
    coded = secret.removeprefix(ASYMMETRIC if is_public else SYMMETRIC)
    try:
        key = base64.b64decode(coded, validate=True)
    except (binascii.Error, ValueError):
        raise ValueError("it is not base64 after whsec_ or whpk_") from None
    shortest, longest = (32, 32) if is_public else (24, 64)
    if not shortest <= len(key) <= longest:
        raise ValueError(f"it holds {len(key)} bytes, not {shortest} to {longest}")
    return key


def _generic(check: Check, sent: Proof) -> Finding:
    options = check.options
    prefix = options.get("prefix", "")
    listed = _parts(sent.header(options["header"]), ",")
    given = [part[len(prefix) :] for part in listed if part.startswith(prefix)]
    if not any(given):
        return Finding("signature_missing")
    before, stamp = b"", ""
    if options.get("timestamp_header"):
        stamp = sent.header(options["timestamp_header"]) or ""
        if late := _untimely(stamp, sent.at):
            return Finding(late)
        before = _bytes(stamp) + str(options.get("joint", ".")).encode()
    finding = _generic_mac(check, sent, given, before=before)
    return _once(finding, sent, stamp) if stamp else finding


def _generic_mac(
    check: Check, sent: Proof, given: Sequence[str], *, before: bytes
) -> Finding:
    if sent.body is None:
        return Finding("too_large_to_check")
    name = check.options.get("algorithm", "sha256")
    macs = [_mac(s, before, sent.body, algorithm=name) for s in check.secrets]
    if check.options.get("encoding", "hex") == "base64":
        expected = [base64.b64encode(mac) for mac in macs]
        return _any_equal([_bytes(g) for g in given], expected, "signature")
    expected = [mac.hex().encode() for mac in macs]
    return _any_equal([_bytes(g.lower()) for g in given], expected, "signature")


def _sns(check: Check, sent: Proof) -> Finding:
    if sent.body is None:
        return Finding("too_large_to_check")
    envelope = sns.read_envelope(sent.body)
    if envelope is None:
        return Finding("signature_missing")
    topics = str(check.options["topics"]).split()
    if reason := sns.early_reason(envelope, topics=topics, at=sent.at):
        topic = one_line(str(envelope.get("TopicArn", "")), limit=MAX_TOLD)
        return Finding(reason, told=topic if reason == "topic_not_taken" else "")
    address = sns.certificate_address(envelope)
    certificate = check.certificate(address) if check.certificate else None
    if certificate is None:
        return Finding("certificate_not_had")
    if not sns.is_signed(envelope, certificate, at=sent.at):
        return Finding("signature_wrong")
    return Finding(once=str(envelope.get("MessageId", ""))[:200])


def _mac(key: bytes, *parts: bytes, algorithm: str = "sha256") -> bytes:
    made = hmac.new(key, digestmod=getattr(hashlib, algorithm))
    for part in parts:
        made.update(part)
    return made.digest()


def _any_equal(given: Sequence[bytes], expected: Sequence[bytes], what: str) -> Finding:
    """Compare all with all, so that the time tells not which of them was near."""
    matches = [hmac.compare_digest(g, e) for g in given for e in expected]
    return GOOD if any(matches) else Finding(f"{what}_wrong")


def _untimely(stamp: str, at: float) -> str:
    """Return why a signed instant is refused: empty when it is near `at`."""
    if not stamp:
        return "timestamp_missing"
    if not (stamp.isascii() and stamp.isdigit() and len(stamp) <= 12):  # noqa: PLR2004  (seconds, far ahead)
        return "timestamp_outside"
    return "timestamp_outside" if abs(at - int(stamp)) > WINDOW_SECONDS else ""


def _once_sent(finding: Finding, sent: Proof, header: str) -> Finding:
    """Name a good request by the id in a header that is not signed, and by its body.

    The same id with another body is another message, so that none can be lost by it.
    """
    uid = sent.header(header)
    return _once(finding, sent, uid[:200]) if uid else finding


def _once(finding: Finding, sent: Proof, name: str) -> Finding:
    """Name a good request by a name and its body, so that it has one effect.

    Not by its signature, which can be written in several ways.
    """
    if finding.reason:
        return finding
    return Finding(once=f"{name}:{hashlib.sha256(sent.body or b'').hexdigest()}")


def _parts(listed: str | None, separator: str) -> list[str]:
    """Return the parts of a list; no sender gives more than a few signatures."""
    parts = [part.strip() for part in (listed or "").split(separator)]
    return [part for part in parts if part][:8]


def _bytes(text: str) -> bytes:
    return text.encode("latin-1", "replace")


_CHECKERS: Final[Mapping[str, _Checker]] = {
    "none": _none,
    "bearer": _bearer,
    "basic": _basic,
    "header": _static,
    "hmac_github": _github,
    "hmac_sentry": _sentry,
    "hmac_pagerduty": _pagerduty,
    "hmac_grafana": _grafana,
    "standard_webhooks": _standard,
    "hmac": _generic,
    "aws_sns": _sns,
}
