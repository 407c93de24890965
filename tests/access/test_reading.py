"""Whatever shows content records the reading first; what does not is named with a reason."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http import HTTPStatus

import pytest
from django.db import connection, transaction
from django.test import Client
from django.utils import timezone

from escalation.models import DelayNotice
from incidents.models import ApiToken, Entry, ReadMark
from tests.access.places import PLACES, UNREAD, address, keys
from tests.access.scene import AGENCY_WORDS, LAB_WORDS, SHARED_WORDS, TITLE, Scene

_READS = keys("account", "incident", "lab", "list", method="GET")
# Names of what is set up, which stand on pages of configuration.
_SET_UP = (
    *("policy", "calendar", "schedule", "import", "override", "pager", "source"),
    *("heartbeat", "silence", "maintenance", "duty", "team", "route", "desk", "token"),
    "law",
)
_CONTENT = (
    TITLE,
    *SHARED_WORDS,
    *(
        word
        for word in (*LAB_WORDS, *AGENCY_WORDS)
        if word.partition("-")[2] not in _SET_UP and " " not in word
    ),
)


@dataclass(frozen=True, slots=True)
class Visit:
    """What one person's look at one place came to."""

    status: int
    is_recorded: bool
    text: str

    def quoted(self) -> list[str]:
        """Returns the words of content that it shows."""
        if self.status != HTTPStatus.OK:
            return []
        return [word for word in _CONTENT if word in self.text]


@dataclass(slots=True)
class Visitor:
    """Somebody who looks at one place after the other, and leaves no trace."""

    scene: Scene
    who: str
    clients: dict[str, Client] = field(init=False)

    def __post_init__(self) -> None:
        """Signs in, and gets a token whose use need not be noted."""
        call = self.scene.call(self.who)
        ApiToken.objects.update(last_used_at=timezone.now())
        self.clients = {"api": call, "page": self.scene.visit(self.who)}

    def visit(self, key: str) -> Visit:
        """Visits a place."""
        with self._about_to(key) as where:
            last = Entry.objects.latest("pk").pk
            answer = self.clients[key.split(maxsplit=1)[0]].get(where)
            # Before a byte of the body was asked for.
            reads = Entry.objects.filter(kind="record.read", pk__gt=last)
            is_recorded = reads.exists()
            text = answer.getvalue().decode("utf-8", "replace")
        return Visit(answer.status_code, is_recorded, text)

    def visit_unrecorded(self, key: str) -> int:
        """Visits a place when nothing can be written; returns the answer's status."""
        with self._about_to(key) as where:
            with connection.cursor() as cursor:
                cursor.execute("SET TRANSACTION READ ONLY")
            return self.clients[key.split(maxsplit=1)[0]].get(where).status_code

    @contextmanager
    def _about_to(self, key: str) -> Iterator[str]:
        with transaction.atomic():
            where = address(key, self.scene)
            ReadMark.objects.all().delete()
            yield where
            transaction.set_rollback(True)


@pytest.fixture
def everything(scene: Scene) -> Scene:
    """Adds to the scene what its lists would be empty without."""
    for made_on_the_way in ("erasures-approve", "recipients-told"):
        address(f"api POST {made_on_the_way}", scene)
    now = timezone.now()
    DelayNotice.objects.create(
        clock=scene.duty_clock,
        organisation=scene.lab.organisation,
        agency=scene.agency.organisation,
        authority="x",
        reasons="lab-delay",
        expected_at=now,
        notified_at=now,
        limit_at=now,
        is_late=False,
        author=scene.lab.admin,
        recorded_at=now,
    )
    return scene


def test_every_place_records_a_reading_or_says_why_it_shows_nothing(everything: Scene):
    visitors = [Visitor(everything, who) for who in ("lab admin", "agency admin")]
    unrecorded, quoted, answered = set(_READS), {}, {}
    for key in _READS:
        for visitor in visitors:
            visit = visitor.visit(key)
            if not visit.is_recorded:
                quoted[key, visitor.who] = visit.quoted()
            elif key in unrecorded:
                unrecorded.remove(key)
                answered[key] = visitor.visit_unrecorded(key)
    assert {where: words for where, words in quoted.items() if words} == {}
    # What shows nothing of content is named, with a reason, in the UNREAD of its room.
    assert sorted(unrecorded ^ set(UNREAD)) == []
    assert answered == dict.fromkeys(answered, HTTPStatus.SERVICE_UNAVAILABLE)


def test_only_places_that_exist_are_excused():
    assert set(UNREAD) <= {key for key in PLACES if key.split()[1] == "GET"}
