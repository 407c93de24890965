"""Limits of reports: what they cost nobody, and whom they leave alone."""

from dataclasses import dataclass

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from incidents.anonymous.buckets import Busy, take_report
from incidents.anonymous.forms import FilesField
from tests import factories as make
from tests.factories import NOW
from tests.incidents.anonymous.reporting import Desk, picture

pytestmark = pytest.mark.django_db


@dataclass
class Watched:
    """A file that notes when somebody looks into it."""

    name: str = "x.jpg"
    looks: int = 0

    @property
    def data(self) -> bytes:
        self.looks += 1
        return b"x"


def test_form_does_no_work_on_a_picture_before_it_is_counted():
    sent = picture("JPEG")
    [file] = FilesField().clean([SimpleUploadedFile("x.jpg", sent)])
    assert file.data == sent


def test_file_of_a_report_that_is_one_too_many_is_not_looked_into(desk: Desk, settings):
    settings.REPORTS_PER_HOUR_EACH = 1
    first, second = Watched(), Watched()
    make.anonymous_report(desk.row, files=[first])
    with pytest.raises(Busy):
        make.anonymous_report(desk.row, files=[second])
    assert (first.looks, second.looks) == (1, 0)


def test_flood_at_one_organisation_leaves_the_others_their_share(settings):
    settings.REPORTS_PER_HOUR, settings.REPORTS_PER_HOUR_EACH = 3, 2
    flooded, other = make.lab(), make.lab()
    for _ in range(2):
        take_report(flooded.pk, now=NOW)
    for _ in range(5):
        with pytest.raises(Busy):
            take_report(flooded.pk, now=NOW)
    take_report(other.pk, now=NOW)
