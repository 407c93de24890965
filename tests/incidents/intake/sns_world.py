"""A stand-in for Amazon SNS: it signs messages and publishes its certificate."""

import base64
import json
from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from cryptography.hazmat.primitives.hashes import SHA1, SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

TOPIC = "arn:aws:sns:eu-west-1:123456789012:alarms"
CERTIFICATE = "https://sns.eu-west-1.amazonaws.com/SimpleNotificationService-0a.pem"
CONFIRM = "https://sns.eu-west-1.amazonaws.com/?Action=ConfirmSubscription&Token=t0ken"
_FIELDS = {
    "Notification": "Message MessageId Subject Timestamp TopicArn Type",
    "SubscriptionConfirmation": "Message MessageId SubscribeURL Timestamp Token "
    "TopicArn Type",
}


class FakeSns:
    """Signs as SNS does; `published` is what can be fetched, `asked` what was."""

    def __init__(self, *, at: datetime) -> None:
        self.key = generate_private_key(public_exponent=65537, key_size=2048)
        self.at = at
        self.published = {CERTIFICATE: self._certificate(), CONFIRM: b"<ok/>"}
        self.asked: list[str] = []

    def fetch(self, address: str) -> bytes | None:
        self.asked.append(address)
        return self.published.get(address)

    def notification(self, message="Disk full", *, version="2", **changed) -> bytes:
        return self._signed(
            {"Type": "Notification", "Message": message}, version, changed
        )

    def confirmation(self, **changed) -> bytes:
        asked = {
            "Type": "SubscriptionConfirmation",
            "Message": "You have chosen to subscribe",
            "SubscribeURL": CONFIRM,
            "Token": "t0ken",
        }
        return self._signed(asked, "2", changed)

    def _signed(self, message, version, changed) -> bytes:
        envelope = {
            **message,
            "MessageId": "22b80b92-fdea-4c2c-8f9d-bdfb0c7bf324",
            "TopicArn": TOPIC,
            "Timestamp": self.at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z"),
            "SignatureVersion": version,
            "SigningCertURL": CERTIFICATE,
            **changed,
        }
        names = _FIELDS[envelope["Type"]].split()
        pairs = [f"{n}\n{envelope[n]}\n" for n in names if n in envelope]
        algorithm = SHA1() if version == "1" else SHA256()
        signature = self.key.sign("".join(pairs).encode(), PKCS1v15(), algorithm)
        envelope["Signature"] = base64.b64encode(signature).decode()
        return json.dumps(envelope).encode()

    def _certificate(self) -> bytes:
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "sns.amazonaws.com")])
        builder = x509.CertificateBuilder(
            issuer_name=name,
            subject_name=name,
            public_key=self.key.public_key(),
            serial_number=1,
            not_valid_before=self.at - timedelta(days=1),
            not_valid_after=self.at + timedelta(days=1),
        )
        made = builder.sign(self.key, SHA256())
        return made.public_bytes(Encoding.PEM)
