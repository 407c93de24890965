import hashlib
from datetime import UTC, datetime

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from incidents.errors import BadInput, TooLarge
from incidents.events.actor import Actor
from incidents.events.feed import timeline
from incidents.incident.attachments import (
    open_attachment,
    store_upload,
    visible_attachments,
)
from incidents.incident.file_limits import MIB
from incidents.incident.opening import NewIncident, open_incident
from incidents.incident.shares import share
from incidents.models import Attachment, Incident, Organisation, User

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


class Pieces:
    """An upload that arrives as the given pieces."""

    def __init__(self, *pieces):
        self.pieces = pieces

    def chunks(self):
        yield from self.pieces


@pytest.fixture(autouse=True)
def folder(settings, tmp_path):
    settings.ATTACHMENTS_DIR = tmp_path / "attachments"
    settings.MAX_ATTACHMENT_BYTES = 1000
    return settings.ATTACHMENTS_DIR


@pytest.fixture
def lab():
    return Organisation.objects.create(slug="aurora", name="Aurora", kind="lab")


@pytest.fixture
def incident(lab):
    new = NewIncident(
        organisation_id=lab.pk, title="Weights copied", category="WGT", severity=3
    )
    return open_incident(new, actor=Actor.system(lab), now=NOW)


def _agency(slug, incident):
    agency = Organisation.objects.create(slug=slug, name=slug.title(), kind="agency")
    share(
        incident,
        agency=agency,
        reason="by hand",
        user=None,
        actor=Actor.system(incident.organisation),
        now=NOW,
    )
    return agency


def _store(incident, upload=None, *, by=None, filename="log.txt", is_shared=False):
    organisation = by or incident.organisation
    user, _ = User.objects.get_or_create(email=f"x@{organisation.slug}.example")
    return store_upload(
        incident,
        upload or SimpleUploadedFile("ignored", b"what happened"),
        filename=filename,
        organisation=organisation,
        user=user,
        is_shared=is_shared,
        actor=Actor.of(user, organisation),
        now=NOW,
    )


def _files(folder):
    return [path for path in folder.rglob("*") if path.is_file()]


def test_what_is_stored_is_what_was_sent(incident, folder):
    attachment = _store(
        incident, Pieces(b"%P", b"DF-1.7 ", b"rest"), filename="../a/plan.pdf"
    )
    content = b"%PDF-1.7 rest"
    with open_attachment(attachment) as stream:
        assert stream.read() == content
    attachment.refresh_from_db()
    assert (attachment.filename, attachment.media_type, attachment.size_bytes) == (
        "plan.pdf",
        "application/pdf",
        len(content),
    )
    assert attachment.sha256 == hashlib.sha256(content).hexdigest()
    assert [path.relative_to(folder).as_posix() for path in _files(folder)] == [
        f"{attachment.uid.hex[:2]}/{attachment.uid.hex}"
    ]
    assert _files(folder)[0].stat().st_mode & 0o777 == 0o600


def test_attaching_is_an_entry_and_marks_the_incident_as_touched(incident, lab):
    attachment = _store(incident)
    item = timeline(incident, [lab.pk])[-1]
    assert (item.kind, item.data["text"]) == (
        "incident.commented",
        "attached log.txt",
    )
    assert item.data["attachments"] == [
        {"name": "log.txt", "sha256": attachment.sha256, "size": 13}
    ]
    assert Incident.objects.get().is_touched


def test_a_file_over_the_limit_is_refused_with_the_limit_and_leaves_nothing(
    incident, folder
):
    with pytest.raises(TooLarge, match="limit of 1000 bytes"):
        _store(incident, Pieces(b"x" * 600, b"x" * 401))
    assert (_files(folder), Attachment.objects.count()) == ([], 0)


def test_a_file_of_exactly_the_limit_is_taken(incident):
    assert _store(incident, Pieces(b"x" * 1000)).size_bytes == 1000


def test_an_upload_that_breaks_off_leaves_nothing(incident, folder):
    def broken():
        yield b"half"
        raise ConnectionResetError

    upload = Pieces()
    upload.chunks = broken
    with pytest.raises(ConnectionResetError):
        _store(incident, upload)
    assert (_files(folder), Attachment.objects.count()) == ([], 0)


def test_an_empty_file_is_refused(incident, folder):
    with pytest.raises(BadInput, match="The file is empty"):
        _store(incident, Pieces())
    assert _files(folder) == []


def test_a_row_that_cannot_be_written_takes_its_file_along(folder, lab):
    gone = Incident(pk=0, ref="INC-0000000000", organisation=lab)
    with pytest.raises(KeyError):
        _store(gone)
    assert list(folder.iterdir()) != []
    assert (_files(folder), Attachment.objects.count()) == ([], 0)


def test_agencies_see_what_the_owner_shares_and_their_own(incident, lab):
    ours, theirs = _agency("naisa", incident), _agency("other", incident)
    internal = _store(incident)
    shown = _store(incident, is_shared=True)
    note = _store(incident, by=ours)
    given = _store(incident, by=ours, is_shared=True)
    seen = {
        organisation.slug: list(visible_attachments(incident, [organisation.pk]))
        for organisation in (lab, ours, theirs)
    }
    assert seen == {
        "aurora": [internal, shown, given],
        "naisa": [shown, note, given],
        "other": [shown],
    }


def test_an_internal_attachment_is_not_on_the_other_sides_timeline(incident, lab):
    agency = _agency("naisa", incident)
    _store(incident, filename="internal.txt")
    _store(incident, filename="shown.txt", is_shared=True)

    def texts(organisation):
        items = timeline(incident, [organisation.pk])
        return [i.data["text"] for i in items if i.kind == "incident.commented"]

    assert texts(lab) == ["attached internal.txt", "attached shown.txt"]
    assert texts(agency) == ["attached shown.txt"]


def test_a_later_share_shows_the_owners_shared_files_only(incident):
    ours = _agency("naisa", incident)
    _store(incident, filename="internal.txt")
    _store(incident, filename="shown.txt", is_shared=True)
    _store(incident, filename="from-naisa.txt", by=ours, is_shared=True)
    other = _agency("other", incident)
    [opening] = [
        item
        for item in timeline(incident, [other.pk])
        if item.kind == "incident.shared"
    ]
    assert [a["name"] for a in opening.data["attachments"]] == ["shown.txt"]


def test_an_organisation_is_held_to_its_own_limits(incident, settings, folder):
    settings.MAX_ATTACHMENT_BYTES = 10 * MIB
    settings.ATTACHMENT_LIMITS = {"aurora": (1, 2)}
    with pytest.raises(TooLarge, match="Files of Aurora may have 1 MiB"):
        _store(incident, Pieces(b"x" * (MIB + 1)))
    assert _files(folder) == []
    for _ in range(2):
        _store(incident, Pieces(b"x" * MIB))
    with pytest.raises(TooLarge, match="together may have 2 MiB"):
        _store(incident, Pieces(b"x"))
    ours = _agency("naisa", incident)
    _store(incident, Pieces(b"x" * (MIB + 1)), by=ours)
    assert (len(_files(folder)), Attachment.objects.count()) == (3, 3)
