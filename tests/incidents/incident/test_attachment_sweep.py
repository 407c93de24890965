import os

import pytest

from incidents.incident.attachment_sweep import UNTOUCHED_SECONDS, sweep_attachments
from incidents.models import Attachment
from tests import factories

pytestmark = pytest.mark.django_db

NOW = 1_800_000_000.0
OLD = NOW - UNTOUCHED_SECONDS - 1
KNOWN = "ab/ab" + "0" * 30
UNKNOWN = "ab/ab" + "1" * 30
PART = "cd/cd" + "2" * 30 + ".part"


@pytest.fixture
def folder(settings, tmp_path):
    settings.ATTACHMENTS_DIR = tmp_path
    return tmp_path


def put(folder, name, *, changed_at=OLD):
    path = folder / name
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(b"x")
    os.utime(path, (changed_at, changed_at))


def left(folder):
    found = (path for path in folder.rglob("*") if path.is_file())
    return sorted(path.relative_to(folder).as_posix() for path in found)


def attach(stored_as):
    lab = factories.lab()
    Attachment.objects.create(
        incident=factories.incident(lab),
        organisation=lab,
        filename="a",
        media_type="text/plain",
        size_bytes=1,
        sha256="0" * 64,
        stored_as=stored_as,
    )


def test_only_files_that_no_row_knows_are_removed(folder):
    put(folder, KNOWN)
    put(folder, UNKNOWN)
    put(folder, PART)
    attach(KNOWN)

    assert sweep_attachments(unix_now=NOW) == 2
    assert left(folder) == [KNOWN]


def test_a_file_that_was_written_to_lately_is_left(folder):
    put(folder, UNKNOWN, changed_at=NOW - UNTOUCHED_SECONDS + 60)

    assert sweep_attachments(unix_now=NOW) == 0
    assert left(folder) == [UNKNOWN]


def test_what_has_another_name_is_somebody_elses(folder):
    names = ["ab/notes.txt", "cd/ab" + "0" * 30, "reports/" + "0" * 32]
    for name in names:
        put(folder, name)

    assert sweep_attachments(unix_now=NOW) == 0
    assert left(folder) == sorted(names)


def test_a_folder_that_is_not_there_is_no_error(settings, tmp_path):
    settings.ATTACHMENTS_DIR = tmp_path / "none"

    assert sweep_attachments(unix_now=NOW) == 0
