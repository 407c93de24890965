import io
from datetime import timedelta

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from incidents.ledger.verify.check import verify_bundle
from incidents.management.commands.evidence import Command
from incidents.models import Entry, EvidenceBundle
from tests.incidents.evidence.scene import RECIPIENT, Scene

pytestmark = pytest.mark.django_db


@pytest.fixture
def scene(settings, tmp_path):
    settings.ATTACHMENTS_DIR = tmp_path / "attachments"
    return Scene()


def run(scene, out, *more):
    said = io.StringIO()
    to = ["--out", str(out), "--recipient", RECIPIENT, "--timeout", "0"]
    call_command("evidence", scene.incident.ref, *to, *more, stdout=said)
    return said.getvalue()


def seal_now(scene):
    """Do what the sealing worker does while the command waits."""
    scene.now = timezone.now() + timedelta(seconds=1)
    scene.seal()


def test_command_writes_the_bundle_once_the_log_has_counted_the_record(scene, tmp_path):
    out = tmp_path / "f.zip"
    said = io.StringIO()
    command = Command(stdout=said, pause=lambda _: seal_now(scene))
    to = ["--out", str(out), "--recipient", RECIPIENT]
    call_command(command, scene.incident.ref, *to)
    with out.open("rb") as file:
        outcome = verify_bundle(file, scene.policy)
    assert outcome.to_seq == 1
    assert said.getvalue() == (
        f"{out}: 1 entries, no witness has seen its head\n"
        f"manifest SHA-256 {outcome.manifest_sha256}\n"
    )
    assert Entry.objects.latest("id").kind == "evidence.exported"


def test_command_says_what_to_do_when_the_log_stands_still(scene, tmp_path):
    with pytest.raises(CommandError) as raised:
        run(scene, tmp_path / "f.zip")
    assert "do a sealing worker and the signer run?" in str(raised.value)
    assert EvidenceBundle.objects.get().recipient == RECIPIENT


@pytest.mark.parametrize(
    ("more", "words"),
    [
        (["--audience", "naisa"], "Use one of: own."),
        (["--organisation", "nobody"], "There is no organisation 'nobody'."),
        (["--withhold", "/nowhere"], "No such file"),
    ],
)
def test_command_names_what_cannot_be_used(scene, tmp_path, more, words):
    with pytest.raises(CommandError) as raised:
        run(scene, tmp_path / "f.zip", *more)
    assert words in str(raised.value)


def test_command_overwrites_nothing(scene, tmp_path):
    (tmp_path / "f.zip").write_text("mine")
    with pytest.raises(CommandError) as raised:
        run(scene, tmp_path / "f.zip")
    assert "is there already" in str(raised.value)
