"""What becomes of a file when the database goes away before the commit has answered."""

import time

import pytest
from django.db import OperationalError, connection

from incidents.events.actor import Actor
from incidents.incident.attachment_sweep import UNTOUCHED_SECONDS, sweep_attachments
from incidents.incident.attachments import store_upload
from incidents.models import Attachment
from tests import factories


@pytest.fixture
def database(world_database, django_db_blocker):
    with django_db_blocker.unblock():
        yield world_database


class ConnectionBreaks:
    """An upload at whose end the connection to the database is gone."""

    def chunks(self):
        yield b"whole"
        connection.connection.close()


def _files(folder):
    return [path for path in folder.rglob("*") if path.is_file()]


def test_a_file_is_left_to_the_sweep_when_nobody_knows_whether_its_row_is_there(
    database, settings, tmp_path
):
    settings.ATTACHMENTS_DIR = tmp_path
    incident = factories.incident(lab := factories.lab("aurora"))
    user = factories.person(lab)
    with pytest.raises(OperationalError):
        store_upload(
            incident,
            ConnectionBreaks(),
            filename="log.txt",
            organisation=lab,
            user=user,
            is_shared=False,
            actor=Actor.of(user, lab),
            now=factories.NOW,
        )
    connection.close()
    [left] = _files(tmp_path)
    assert (left.read_bytes(), left.suffix) == (b"whole", "")
    assert Attachment.objects.count() == 0
    assert sweep_attachments(unix_now=time.time() + UNTOUCHED_SECONDS + 60) == 1
    assert _files(tmp_path) == []
