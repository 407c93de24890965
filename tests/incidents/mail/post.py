"""Write mails, and hand them in over a real connection."""

import asyncio
import smtplib
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from email.message import EmailMessage

from incidents.mail.addresses import Addressee, address_of, digest_of_sent_to
from incidents.mail.models import Mail, Mailbox
from incidents.mail.process import process_next_mail
from incidents.mail.receiver import listen
from incidents.mail.storing import store_mail
from incidents.models import Organisation, User
from tests import factories as make

RELAY = "mx.tocsin.example"


@dataclass
class Lab:
    """A lab that takes mail, one of its responders, and the address."""

    organisation: Organisation
    member: User
    box: Mailbox

    @property
    def address(self) -> str:
        return address_of(self.box)


def mail(
    sender: str = "ada@aurora.example",
    *,
    subject: str = "Weights copied",
    text: str = "Somebody copied the weights.",
    is_proven: bool = True,
    **headers: str,
) -> EmailMessage:
    message = EmailMessage()
    message["From"] = sender
    message["Subject"] = subject
    message["Message-ID"] = f"<{next(make._numbers)}@client.example>"
    if is_proven:
        domain = sender.rpartition("@")[2].rstrip(">")
        message["Authentication-Results"] = f"{RELAY}; dmarc=pass header.from={domain}"
    for name, value in headers.items():
        message[name.replace("_", "-")] = value
    message.set_content(text)
    return message


def stored(
    organisation: Organisation,
    message: EmailMessage | bytes,
    *,
    envelope_from: str = "ada@aurora.example",
    reply_to: tuple[int, int] | None = None,
    sent_to: str = "ada@aurora.example",
) -> Mail:
    raw = message if isinstance(message, bytes) else message.as_bytes()
    addressee = Addressee(organisation.pk)
    if reply_to:
        digest = digest_of_sent_to(sent_to)
        addressee = Addressee(organisation.pk, *reply_to, digest)
    [row] = store_mail([addressee], raw, envelope_from=envelope_from, now=make.NOW)
    return row


def settled(organisation: Organisation, message: EmailMessage | bytes, **more) -> Mail:
    """Store a mail and have it dealt with."""
    row = stored(organisation, message, **more)
    assert process_next_mail(make.NOW) is True
    return Mail.objects.get(pk=row.pk)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def receiver(scheme: str = "smtp") -> Iterator[smtplib.SMTP]:
    """Run the receiver in a thread; yields a client that is connected to it."""
    port, loop = free_port(), asyncio.new_event_loop()
    server = loop.run_until_complete(listen(f"{scheme}://127.0.0.1:{port}"))
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    client = {"smtp": smtplib.SMTP, "lmtp": smtplib.LMTP}[scheme]
    try:
        with client("127.0.0.1", port, timeout=20) as connection:
            yield connection
    finally:
        loop.call_soon_threadsafe(server.close)
        asyncio.run_coroutine_threadsafe(server.wait_closed(), loop).result(5)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(5)
        loop.close()
