"""`manage.py continue_log --origin NEW`: go on under a new name after a key was stolen."""

from base64 import b64encode
from getpass import getuser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from incidents.errors import TocsinError
from incidents.ledger.checkpoint import parse_checkpoint
from incidents.ledger.note import parse_note
from incidents.ledger.signer_client import SignerUnavailable
from incidents.ledger.vkey import BadKey
from incidents.sealing.asking import configured_signer
from incidents.sealing.continuing import Why, continue_log
from incidents.sealing.models import EndedLog
from incidents.sealing.signing import Signer
from incidents.timers.clock import read_now


class Command(BaseCommand):
    """End the present name of the log, and go on under that of a signer with a new key."""

    help = "Go on with the log under a new name and key, after its key was stolen."

    def add_arguments(self, parser: CommandParser) -> None:
        """Say the new name, and what the record says of the old one."""
        parser.add_argument("--origin", required=True, help="the log's new name")
        parser.add_argument(
            "--reason", required=True, help="stands in the record, for everybody"
        )
        parser.add_argument(
            "--by",
            default="",
            help="who you are, likewise; the user of this machine if left out",
        )
        parser.add_argument(
            "--without-cosignature",
            action="store_true",
            help="go on from a head that no quorum has seen; the record says so",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Do it, and say what has to be handed to whom."""
        signer = _signer(options["origin"])
        why = Why(options["reason"], options["by"] or getuser())
        lacks = options["without_cosignature"]
        try:
            ended = continue_log(signer, why, read_now(), may_lack_witnesses=lacks)
        except TocsinError as error:
            raise CommandError(str(error)) from None
        self.stdout.write(_what_now(ended, signer))


def _signer(origin: str) -> Signer:
    try:
        signer = configured_signer()
    except (SignerUnavailable, BadKey) as error:
        raise CommandError(
            f"The signer's public keys cannot be read: {error}"
        ) from None
    if signer is None:
        raise CommandError("Nobody signs here: set TOCSIN_SIGNER_SOCKET first.")
    if signer.origin != origin:
        raise CommandError(
            f"--origin: the signer of {settings.SIGNER_SOCKET} signs for {signer.origin},"
            f" not for {origin}. Stop it, say `signer --dir DIR new-log {origin}`, start"
            " it, and say this again."
        )
    return signer


def _what_now(ended: EndedLog, signer: Signer) -> str:
    head = parse_checkpoint(parse_note(ended.note).text)
    root = b64encode(head.root).decode()
    vkeys = "\n".join(f"  {key.vkey()}" for key in signer.keys)
    seen = "cosigned by its quorum" if ended.is_cosigned else "WHICH NO QUORUM HAS SEEN"
    return f"""\
{ended.origin} has ended; the log goes on as {ended.successor}.
It begins with all of the old log up to its head of {head.size}, {seen}.

Hand this to every witness, agency and lab, by letter or in person:
{vkeys}
A witness adds the new log at the old one's last head, so that it signs only what
continues it, and then ends watching {ended.origin}:
  origin  {ended.successor}
  size    {head.size}
  root    {root}
Whoever verifies puts the new key in the place of the old one in their policy.
"""
