import hashlib
import io
import json
import subprocess
import sys
from datetime import timedelta
from zipfile import ZipFile

import pytest

from incidents.events.actor import Actor
from incidents.events.feed import read_fields
from incidents.evidence.building import KEPT, PATIENCE
from incidents.evidence.fetching import forget_old_bundles
from incidents.evidence.models import BundleState
from incidents.evidence.redaction import Rule
from incidents.incident.attachments import store_upload
from incidents.incident.new_file import path_of
from incidents.incident.shares import unshare
from incidents.ledger.bundle_parts import HiddenEntry, read_line, read_manifest
from incidents.ledger.verify.check import verify_bundle
from incidents.models import Entry
from tests.factories import NOW
from tests.incidents.evidence.scene import RECIPIENT, Scene

pytestmark = pytest.mark.django_db


class Upload:
    """A file of a few bytes."""

    def __init__(self, data):
        self.data = data

    def chunks(self):
        yield self.data


@pytest.fixture
def scene(settings, tmp_path):
    settings.ATTACHMENTS_DIR = tmp_path
    return Scene()


def verified(scene, row):
    with path_of(row.stored_as).open("rb") as file:
        return verify_bundle(file, scene.policy)


def lines_of(row):
    with ZipFile(path_of(row.stored_as)) as archive:
        return [read_line(line) for line in archive.read("entries.jsonl").splitlines()]


def attach(scene, data, *, is_shared=True):
    return store_upload(
        scene.incident,
        Upload(data),
        filename="trace.txt",
        organisation=scene.lab,
        user=scene.person,
        is_shared=is_shared,
        actor=Actor.of(scene.person, scene.lab),
        now=scene.now,
    )


def test_bundle_of_the_own_record_is_verified(scene):
    scene.happen("first")
    scene.happen("second")
    row = scene.build(scene.ask())
    outcome = verified(scene, row)
    last = row.audience.stream.last_seq - 1  # the export itself came after it
    assert (row.state, row.error, row.done, row.total) == ("ready", "", last, last)
    assert (outcome.to_seq, outcome.complete_to) == (last, last)
    assert outcome.manifest_sha256 == row.manifest_sha256
    assert outcome.kinds["incident.commented"] == 2
    assert outcome.withheld == {}


def test_file_is_what_the_row_says(scene):
    row = scene.build(scene.ask())
    data = path_of(row.stored_as).read_bytes()
    assert (len(data), hashlib.sha256(data).hexdigest()) == (row.size_bytes, row.sha256)
    with ZipFile(io.BytesIO(data)) as archive:
        manifest = archive.read("MANIFEST.json")
    assert hashlib.sha256(manifest).hexdigest() == row.manifest_sha256
    assert read_manifest(manifest).stream == row.audience_id


def test_bundle_waits_until_the_log_has_counted_the_record(scene):
    row = scene.ask()
    scene.pass_on()
    row.refresh_from_db()
    assert (row.state, row.heads_entry_id) == ("waiting", None)
    scene.seal()
    scene.pass_on()
    row.refresh_from_db()
    assert (row.state, row.heads_entry.kind) == ("waiting", "log.heads")
    scene.seal()
    scene.pass_on()
    row.refresh_from_db()
    assert row.state == "ready"


def test_nothing_can_be_fetched_before_the_export_is_recorded(scene):
    row = scene.build(scene.ask())
    last = Entry.objects.filter(stream=row.audience_id).latest("seq")
    fields = read_fields([last])[last.pk]
    assert (last.kind, last.at) == ("evidence.exported", row.ready_at)
    assert (fields["recipient"], fields["bundle"]) == (RECIPIENT, str(row.uid))
    assert fields["manifest_sha256"] == row.manifest_sha256
    assert fields["actor"]["name"] == scene.person.email


def test_pair_record_holds_what_both_read_and_no_more(scene):
    scene.happen("for the lab alone")
    scene.share()
    scene.happen("for both", is_shared=True)
    row = scene.build(scene.ask(audience="naisa"))
    theirs = scene.build(scene.ask(audience="aurora", organisation=scene.agency))
    assert row.audience_id == theirs.audience_id
    kinds = verified(scene, theirs).kinds
    assert kinds == {"incident.shared": 1, "incident.commented": 1}
    assert verified(scene, row).kinds == kinds


def test_fields_and_entries_are_withheld_by_authority(scene):
    scene.happen("what nobody may read")
    last = Entry.objects.latest("id").seq
    rules = (Rule("actor", "FOIA b(6)"), Rule("", "FOIA b(5)", 1))
    row = scene.build(scene.ask(rules=rules))
    assert isinstance(lines_of(row)[0], HiddenEntry)
    assert lines_of(row)[last - 1].withheld == {"actor": "redacted:FOIA b(6)"}
    assert verified(scene, row).withheld["whole entry, FOIA b(5)"] == 1


def test_files_that_entries_name_come_along(scene):
    file = attach(scene, b"a trace")
    row = scene.build(scene.ask())
    bare = scene.build(scene.ask(has_files=False))
    with ZipFile(path_of(row.stored_as)) as archive:
        assert archive.read(f"attachments/{file.sha256}") == b"a trace"
    assert verified(scene, row).attachments == 1
    assert verified(scene, bare).left_out == ["trace.txt"]


def test_file_whose_name_is_withheld_stays_here(scene):
    attach(scene, b"a trace")
    row = scene.build(scene.ask(rules=(Rule("attachments", "FOIA b(4)"),)))
    assert verified(scene, row).attachments == 0


def test_bundle_continues_what_the_recipient_has_seen(scene):
    scene.seal()
    seen = scene.signer.size
    scene.happen("later")
    row = scene.build(scene.ask(seen_size=seen))
    with ZipFile(path_of(row.stored_as)) as archive:
        sizes = [
            json.loads(x)["size"]
            for x in archive.read("checkpoints.jsonl").splitlines()
        ]
    assert sizes == [seen]


def test_readme_alone_is_enough_to_check_the_bundle(scene, tmp_path):
    scene.happen("first")
    row = scene.build(scene.ask(rules=(Rule("", "FOIA b(5)", 1),)))
    bundle = tmp_path / "bundle.zip"
    bundle.write_bytes(path_of(row.stored_as).read_bytes())
    with ZipFile(bundle) as archive:
        readme = archive.read("README.txt").decode()
    lines = readme.split("---8<---\n")[1]
    assert len(lines.splitlines()) <= 45
    (tmp_path / "check.py").write_text(lines)
    key = scene.signer.key.public.vkey()

    def check():
        command = [sys.executable, "check.py", "bundle.zip", key]
        return subprocess.run(command, cwd=tmp_path, capture_output=True, check=False)

    done = check()
    assert (done.returncode, done.stderr) == (0, b"")
    assert f"{row.total} entries, each in the log".encode() in done.stdout
    openssl = readme.split("    openssl ")[1].split("\n\n")[0].replace("\\\n", " ")
    proved = subprocess.run(
        ["openssl", *openssl.split()], cwd=tmp_path, capture_output=True, check=False
    )
    assert proved.stdout == b"Signature Verified Successfully\n"
    changed = bundle.read_bytes().replace(b"checkpoint.txt", b"checkpoint.tyt")
    bundle.write_bytes(changed)
    assert check().returncode == 1


def test_page_and_form_for_people_come_along(scene):
    scene.happen("first")
    scene.happen("what nobody may read")
    last = Entry.objects.latest("id").seq
    row = scene.build(scene.ask(rules=(Rule("text", "FOIA b(5)", last),)))
    with ZipFile(path_of(row.stored_as)) as archive:
        page = archive.read("report.html").decode()
        form = archive.read("certificate.txt").decode()
    assert "<h1>Weights copied</h1>" in page
    assert f"<dt>To</dt><dd>{RECIPIENT}</dd>" in page
    assert ("<dd>first</dd>" in page, "nobody may read" in page) == (True, False)
    assert page.count('<tr id="entry-') == row.total
    assert f"    Incident          {scene.incident.ref}\n" in form
    assert verified(scene, row).documents == [
        "README.txt",
        "certificate.txt",
        "report.html",
    ]


def test_bundle_of_a_share_that_has_ended_is_not_built(scene):
    scene.share()
    row = scene.ask(audience="aurora", organisation=scene.agency)
    unshare(
        scene.incident,
        agency=scene.agency,
        reason="over",
        user=scene.person,
        actor=Actor.of(scene.person, scene.lab),
        now=scene.now,
    )
    scene.build(row)
    assert row.state == BundleState.FAILED
    assert row.error == "Who asked for it may not read it any more."


def test_bundle_for_which_the_log_stands_still_fails_one_day_later(scene):
    row = scene.ask()
    scene.now += PATIENCE
    scene.pass_on()
    row.refresh_from_db()
    assert row.error == "After 1 day: the last entries are not sealed yet."


def test_file_is_deleted_after_its_days_and_the_row_stays(scene):
    row = scene.build(scene.ask())
    assert forget_old_bundles(scene.now + KEPT - timedelta(minutes=1)) == 0
    assert forget_old_bundles(scene.now + KEPT) == 1
    row.refresh_from_db()
    assert row.state == BundleState.EXPIRED
    assert not path_of(row.stored_as).exists()


def test_two_workers_build_a_bundle_once(scene):
    row = scene.ask()
    scene.seal()
    scene.pass_on()
    scene.seal()
    scene.pass_on()
    scene.pass_on()
    row.refresh_from_db()
    exported = Entry.objects.filter(kind="evidence.exported").count()
    assert (row.state, exported, row.requested_at) == ("ready", 1, NOW)
