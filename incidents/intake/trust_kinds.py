"""The ways in which a source's senders prove who they are, in words and options. Pure."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from ipaddress import ip_network
from typing import Any, Final

from incidents.errors import BadInput
from incidents.intake.signatures import Network, key_of

MAX_SECRET: Final = 500
MIN_SECRET: Final = 12
MAX_RANGES: Final = 100
_HEADER = re.compile(r"[a-z0-9][a-z0-9-]{0,79}")
_TOPIC = re.compile(
    r"arn:aws[a-z-]{0,20}:sns:[a-z0-9-]{1,40}:[0-9]{12}:[\w.-]{0,256}\*?"
)
MAX_TOPICS: Final = 50
_PLAIN = re.compile(r"[\x20-\x7e]{0,40}")


@dataclass(frozen=True, slots=True)
class Kind:
    """One way of proof. `options` has the defaults; None means: must be given.

    `setup` says what to do at the sender. `is_made_here`: the secret is free to choose, so that one can be made.
    """

    name: str
    proves: str
    setup: str = ""
    has_secret: bool = True
    is_made_here: bool = True
    options: Mapping[str, str | None] = field(default_factory=dict)


KINDS: Final[Mapping[str, Kind]] = {
    "none": Kind(
        "Secret address only",
        "URL secret only. Anyone who knows the address can post.",
        has_secret=False,
    ),
    "bearer": Kind(
        "Bearer token",
        "Sent with a bearer token, which whoever reads one request can use again.",
        "Send the header Authorization: Bearer and the secret.",
    ),
    "basic": Kind(
        "User name and password",
        "Sent with a user name and password (HTTP Basic), which whoever reads one "
        "request can use again.",
        "Send the user name and the secret as HTTP Basic authentication.",
        options={"username": None},
    ),
    "header": Kind(
        "Secret in a header",
        "Sent with a secret in a header, which whoever reads one request can use again.",
        "Send the secret in the header that the source names.",
        options={"header": None},
    ),
    "hmac_github": Kind(
        "GitHub signature",
        "Signed by GitHub with HMAC-SHA256.",
        "Enter the secret in the webhook's settings at GitHub.",
    ),
    "hmac_sentry": Kind(
        "Sentry signature",
        "Signed by Sentry with HMAC-SHA256.",
        "Copy the client secret of the internal integration into the source.",
        is_made_here=False,
    ),
    "hmac_pagerduty": Kind(
        "PagerDuty signature",
        "Signed by PagerDuty with HMAC-SHA256.",
        "Copy the secret that PagerDuty showed with the subscription into the source.",
        is_made_here=False,
    ),
    "hmac_grafana": Kind(
        "Grafana signature",
        "Signed by Grafana with HMAC-SHA256.",
        "Enter the secret under HMAC Signature of the contact point, with the header "
        "names that the source has.",
        options={"header": "x-grafana-alerting-signature", "timestamp_header": ""},
    ),
    "standard_webhooks": Kind(
        "Standard Webhooks signature",
        "Signed as Standard Webhooks say, with the instant of sending.",
        "Use the same secret (whsec_…) or the sender's public key (whpk_…).",
        is_made_here=False,
    ),
    "hmac": Kind(
        "HMAC signature",
        "Signed with HMAC.",
        "Sign the raw body with the secret as the source's options say.",
        options={
            "header": None,
            "prefix": "",
            "encoding": "hex",
            "algorithm": "sha256",
            "timestamp_header": "",
            "joint": ".",
        },
    ),
    "aws_sns": Kind(
        "Amazon SNS signature",
        "Signed by Amazon SNS, for the topics named here.",
        "Name the topics, then subscribe the address: the subscription is confirmed by "
        "itself. Signature version 2 of the topic signs with SHA-256.",
        has_secret=False,
        options={"topics": None},
    ),
}
KIND_CHOICES: Final = tuple((code, kind.name) for code, kind in KINDS.items())
_CHOICES: Final[Mapping[str, tuple[str, ...]]] = {
    "encoding": ("hex", "base64"),
    "algorithm": ("sha256", "sha512"),
}


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a request was refused, as its sender and the source's people are told.

    `value` is what it named and was refused for, where there is such a thing.
    """

    status: HTTPStatus
    field: str
    sentence: str
    remedy: str = "Compare the secret and the options with those on the source's page."
    value: str = ""


_NO: Final = HTTPStatus.UNAUTHORIZED
REASONS: Final[Mapping[str, Reason]] = {
    "credentials_missing": Reason(_NO, "credentials", "It came without credentials."),
    "credentials_wrong": Reason(_NO, "credentials", "Its credentials are wrong."),
    "signature_missing": Reason(_NO, "signature", "It came without a signature."),
    "signature_wrong": Reason(
        _NO, "signature", "Its signature does not fit its body and the secret."
    ),
    "timestamp_missing": Reason(
        _NO,
        "timestamp",
        "It came without the signed instant of sending.",
        "Have the sender sign the instant too, in Unix seconds.",
    ),
    "timestamp_outside": Reason(
        _NO,
        "timestamp",
        "It was signed too long ago, or ahead of time.",
        "Set the sender's clock; a message that was held up must be signed anew.",
    ),
    "address_outside": Reason(
        HTTPStatus.FORBIDDEN,
        "address",
        "It came from an address outside the source's ranges.",
        "Add the sender's address to the ranges of the source.",
    ),
    "topic_not_taken": Reason(
        HTTPStatus.FORBIDDEN,
        "TopicArn",
        "It came from a topic that the source does not name.",
        "Add the topic under Proof of senders, if it is yours, then have Amazon SNS ask "
        "for confirmation once more.",
    ),
    "certificate_not_of_aws": Reason(
        _NO, "SigningCertURL", "It names a certificate that is not on a host of SNS."
    ),
    "certificate_not_had": Reason(
        HTTPStatus.SERVICE_UNAVAILABLE,
        "SigningCertURL",
        "The certificate of Amazon SNS could not be fetched just now.",
        "Send it again; let this machine reach sns.<region>.amazonaws.com.",
    ),
    "too_large_to_check": Reason(
        HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
        "body",
        "It is larger than the limit, so that its signature could not be checked.",
        "Send fewer alerts at once, or have TOCSIN_MAX_DELIVERY_BYTES raised.",
    ),
}


def sentence_of(kind: str, *, ranges: int = 0, options: Mapping[str, Any]) -> str:
    """Say what a source can prove of its senders."""
    text = KINDS[kind].proves
    if options.get("timestamp_header"):
        text += " The instant of sending is signed too: an old message is refused."
    if ranges:
        places = "1 address range" if ranges == 1 else f"{ranges} address ranges"
        text += f" Only from {places}."
    return text


def read_options(kind: str, given: Mapping[str, Any]) -> dict[str, str]:
    """Return the options of a kind with its defaults. Raises BadInput."""
    known = KINDS[kind].options
    if unknown := sorted(given.keys() - known.keys()):
        remedy = f"{KINDS[kind].name} has no such option; it has {_listed(known)}."
        raise BadInput(unknown[0], given[unknown[0]], remedy)
    read: dict[str, str] = {}
    for name, default in known.items():
        value = given.get(name) or default
        if value is None:
            raise BadInput(name, "", f"Give it: {KINDS[kind].name} needs it.")
        read[name] = _read_option(name, value)
    return read


def _read_option(name: str, value: Any) -> str:
    text = str(value)
    if name == "topics":
        return _read_topics(text)
    if name in _CHOICES and text not in _CHOICES[name]:
        raise BadInput(name, text, f"Use {' or '.join(_CHOICES[name])}.")
    if name in ("header", "timestamp_header") and text:
        text = text.strip().lower()
        if not _HEADER.fullmatch(text):
            raise BadInput(name, value, "Give the name of a header: A-Z, 0-9 and -.")
    if not _PLAIN.fullmatch(text) and name not in ("header", "timestamp_header"):
        raise BadInput(name, value, "Give at most 40 plain characters.")
    if name == "username" and ":" in text:
        raise BadInput(name, value, "A user name holds no colon.")
    return text


def _read_topics(text: str) -> str:
    topics = text.replace(",", " ").split()
    if not topics or len(topics) > MAX_TOPICS:
        raise BadInput("topics", len(topics), f"Name 1 to {MAX_TOPICS} topics.")
    if bad := [topic for topic in topics if not _TOPIC.fullmatch(topic)]:
        remedy = "Give ARNs, arn:aws:sns:<region>:<account>:<topic>; * may end one."
        raise BadInput("topics", bad[0], remedy)
    return " ".join(topics)


# What is told when the handshake failed on our side: the message is stored.
NOT_CONFIRMED: Final = Reason(
    HTTPStatus.SERVICE_UNAVAILABLE,
    "SubscribeURL",
    "The subscription could not be confirmed just now.",
    "Send it again; let this machine reach sns.<region>.amazonaws.com.",
)


def check_secret(kind: str, secret: str) -> str:
    """Return the secret if the kind can use it. Raises BadInput, which does not tell it."""
    if not KINDS[kind].has_secret:
        raise BadInput("secret", "", f"Leave it out: {KINDS[kind].name} has none.")
    if kind == "standard_webhooks":
        try:
            key_of(secret)
        except ValueError as error:
            raise BadInput("secret", "", f"Paste it whole: {error}.") from None
    is_plain = secret.isascii() and secret.isprintable()
    if not MIN_SECRET <= len(secret) <= MAX_SECRET or not is_plain:
        remedy = f"Use {MIN_SECRET} to {MAX_SECRET} plain characters."
        raise BadInput("secret", "", remedy)
    return secret


def read_ranges(given: Any) -> list[str]:
    """Return address ranges in their shortest form. Raises BadInput."""
    if len(given) > MAX_RANGES:
        raise BadInput("address_ranges", len(given), f"Give at most {MAX_RANGES}.")
    return [str(_network(str(text).strip())) for text in given]


def networks_of(ranges: Any) -> tuple[Network, ...]:
    """Return stored address ranges."""
    return tuple(ip_network(text) for text in ranges)


def _network(text: str) -> Network:
    try:
        return ip_network(text)
    except ValueError:
        remedy = "Give an address or a range such as 192.0.2.0/24 or 2001:db8::/32."
        if "/" in text:
            remedy += " The bits after the prefix must be zero."
        raise BadInput("address_ranges", text, remedy) from None


def _listed(names: Mapping[str, Any]) -> str:
    return ", ".join(names) or "none"
