import hashlib
import os

import pytest

from incidents.errors import NoRoom, TooLarge
from incidents.incident import new_file
from incidents.incident.new_file import NewFile, check_room

# More than any disk has.
EVERYTHING = 2**63


@pytest.fixture(autouse=True)
def folder(settings, tmp_path):
    settings.ATTACHMENTS_DIR = tmp_path / "data" / "attachments"
    return settings.ATTACHMENTS_DIR


def _files(folder):
    found = [path for path in folder.rglob("*") if path.is_file()]
    return [path.relative_to(folder).as_posix() for path in found]


def test_a_file_has_its_name_only_when_it_is_whole(folder):
    file = NewFile()
    file.write(b"%PDF-")
    assert _files(folder) == [f"{file.stored_as}.part"]
    file.write(b"1.7")
    file.keep()
    assert _files(folder) == [file.stored_as]
    assert (folder / file.stored_as).read_bytes() == b"%PDF-1.7"
    assert (file.size_bytes, file.media_type) == (8, "application/pdf")
    assert file.sha256 == hashlib.sha256(b"%PDF-1.7").hexdigest()


def test_what_was_kept_is_not_discarded_with_the_request(folder):
    file = NewFile()
    file.write(b"x")
    file.keep()
    file.discard()
    assert _files(folder) == [file.stored_as]
    file.remove()
    assert _files(folder) == []


def test_a_file_may_say_another_time_of_itself(folder):
    file = NewFile(folder="reports")
    file.write(b"x")
    file.keep(changed_at=1_800_000_000)
    assert (folder / file.stored_as).stat().st_mtime == 1_800_000_000
    assert file.stored_as == f"reports/{file.uid.hex}"


def test_a_limit_of_its_own_goes_before_the_sites(settings):
    settings.MAX_ATTACHMENT_BYTES = 1
    file = NewFile(limit_bytes=3)
    file.write(b"123")
    with pytest.raises(TooLarge, match="limit of 3 bytes"):
        file.write(b"4")
    file.discard()


def test_room_is_asked_for_before_the_folder_is_there(settings, folder):
    settings.ATTACHMENT_RESERVE_BYTES = 1
    check_room(1)
    with pytest.raises(NoRoom):
        check_room(EVERYTHING)
    assert not folder.exists()


def test_a_long_file_looks_at_the_disk_again(settings, folder):
    file = NewFile()
    settings.ATTACHMENT_RESERVE_BYTES = EVERYTHING
    file.write(b"x" * (new_file.LOOK_EVERY_BYTES - 1))
    with pytest.raises(NoRoom):
        file.write(b"x")
    file.discard()
    assert _files(folder) == []


def test_a_full_disk_is_told_as_such(folder):
    file = NewFile()
    # The kernel's own full disk takes the place of the file.
    full = os.open("/dev/full", os.O_WRONLY)
    os.dup2(full, file._target.fileno())
    os.close(full)
    with pytest.raises(NoRoom):
        file.write(b"x" * 100_000)
    file.discard()
    assert _files(folder) == []
