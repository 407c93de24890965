"""Files are held against their rows, and the rows against the record."""

import hashlib
import uuid

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import transaction

from incidents.audit.files import ALL_FILES
from incidents.custody.erasing import erase, read_values
from incidents.custody.places import erasable, find_places
from incidents.custody.repeats import clear_incidents, texts_in
from incidents.events.actor import Actor
from incidents.incident.attachments import store_upload
from incidents.incident.new_file import path_of
from tests import factories as make
from tests.factories import NOW


@pytest.fixture
def files(log, settings, tmp_path):
    """Three files of ten bytes in the record."""
    settings.ATTACHMENTS_DIR = tmp_path / "files"
    lab = make.lab("aurora")
    incident = make.incident(lab, now=NOW)
    found = [
        store_upload(
            incident,
            SimpleUploadedFile("x.txt", b"content %d " % number),
            filename="x.txt",
            organisation=lab,
            is_shared=False,
            user=None,
            actor=Actor.system(lab),
            now=NOW,
        )
        for number in range(3)
    ]
    log.grow()
    return found


def test_files_as_they_were_recorded_fit(log, files):
    audit = log.audit(file_bytes=ALL_FILES)
    assert (audit.files, audit.files_of, audit.findings) == (3, 3, [])


def test_changed_file_is_named_with_both_hashes_each_night(log, files):
    path_of(files[1].stored_as).write_bytes(b"another")
    found = hashlib.sha256(b"another").hexdigest()
    why = (
        f"the file of attachment {files[1].uid} is another one: it has sha256 {found}"
        f" and should have {files[1].sha256}: put it back from a backup of the data folder"
    )
    for _ in range(2):
        assert log.found(file_bytes=100) == [(None, why)]


def test_lost_file_is_named(log, files):
    path_of(files[0].stored_as).unlink()
    [(_, why)] = log.found(file_bytes=ALL_FILES)
    assert f"{files[0].uid} cannot be read (No such file or directory)" in why


def test_file_that_was_exchanged_together_with_its_row_is_found_by_the_record(
    log, files
):
    other = hashlib.sha256(b"another").hexdigest()
    path_of(files[2].stored_as).write_bytes(b"another")
    log.tamper(
        f"UPDATE tocsin_attachment SET sha256 = '{other}' WHERE id = {files[2].pk}"
    )
    why = f"no entry names sha256 {other}, which is said of the file of attachment"
    assert log.found(file_bytes=ALL_FILES) == [
        (None, f"{why} {files[2].uid}: put its row back from a backup")
    ]


def test_each_night_goes_on_with_the_files_after_those_of_the_last(log, files):
    nights = [log.audit(file_bytes=11) for _ in range(3)]
    assert [(one.files, one.files_of) for one in nights] == [(2, 3), (1, 3), (2, 3)]


def test_file_whose_hash_was_lawfully_erased_is_no_finding(log, files):
    incident, lab = files[0].incident, files[0].organisation
    rows = erasable(incident, lab).filter(name="attachments")
    [stream] = set(rows.values_list("entry__stream", flat=True))
    places = find_places(stream, set(rows.values_list("entry__seq", "name")))
    clear_incidents({incident.pk: texts_in(read_values(places))}, lab)
    with transaction.atomic():
        actor = Actor.system(lab)
        erase(places, basis="x", erasure=uuid.uuid4(), actor=actor, now=NOW)
    log.grow()
    files[0].refresh_from_db()
    assert files[0].sha256 == "(erased)"
    assert log.found(has_values=True, file_bytes=ALL_FILES) == []
