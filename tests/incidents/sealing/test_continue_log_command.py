"""The command, with a real signer: refused until that has a new name and a fresh key."""

from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from incidents.ledger.signer_client import public_keys
from incidents.models import EndedLog
from incidents.sealing.asking import sign_what_is_unsigned
from incidents.sealing.places import newest_note
from incidents.sealing.seal import seal_batch
from incidents.sealing.state import read_state
from tests.factories import NOW
from tests.incidents.ledger.running_signer import ORIGIN
from tests.incidents.sealing.log import record_entries

pytestmark = pytest.mark.django_db
NEW = "log.example/incidents/2"


def run(*more):
    out = StringIO()
    call_command(
        "continue_log", "--origin", NEW, "--reason", "stolen", *more, stdout=out
    )
    return out.getvalue()


def grow():
    record_entries(count=2)
    seal_batch(NOW)
    return sign_what_is_unsigned(NOW)


def test_command_goes_on_once_the_signer_has_a_new_name(signer, settings):
    settings.SIGNER_SOCKET = signer.socket
    grow()
    with pytest.raises(CommandError, match=f"new-log {NEW}"):
        run("--without-cosignature")
    signer.kill()
    signer.run("--socket", str(signer.socket), "new-log", NEW)
    signer.origin = NEW
    signer.start()
    assert (grow(), "continue_log" in read_state().refused_why) == (None, True)
    with pytest.raises(CommandError, match="--without-cosignature"):
        run()
    said = run("--without-cosignature", "--by", "Ana of operations")
    assert f"{ORIGIN} has ended; the log goes on as {NEW}." in said
    assert public_keys(signer.socket)[0].vkey() in said
    assert (EndedLog.objects.get().ended_by, EndedLog.objects.get().size) == (
        "Ana of operations",
        2,
    )
    # Behind what was sealed before the theft was found, and the word of it.
    seal_batch(NOW)
    size = sign_what_is_unsigned(NOW)
    assert newest_note().startswith(f"{NEW}\n{size}\n")
    assert read_state().refused_why == ""
    with pytest.raises(CommandError, match="already"):
        run("--without-cosignature")


def test_installation_without_a_signer_is_told(settings):
    settings.SIGNER_SOCKET = None
    with pytest.raises(CommandError, match="TOCSIN_SIGNER_SOCKET"):
        run()
