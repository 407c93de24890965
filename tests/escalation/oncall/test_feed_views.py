from datetime import timedelta

from django.test import Client
from django.utils import timezone
from icalendar import Calendar

from escalation.oncall.feeds import make_feed, revoke_feed


def feed_of(crew, owner, **more):
    values = {"user": crew.ann, "actor": crew.actor(crew.ann), "now": timezone.now()}
    return make_feed(owner, days=5, **values | more)


def get(secret):
    return Client().get(f"/oncall/feeds/{secret}.ics")


def test_a_calendar_program_reads_shifts_without_signing_in(crew):
    _, secret = feed_of(crew, crew.schedule)
    answer = get(secret)
    assert answer["Content-Type"] == "text/calendar; charset=utf-8"
    assert "no-store" in answer["Cache-Control"]
    events = Calendar.from_ical(answer.content).walk("VEVENT")
    assert {str(event["SUMMARY"]) for event in events} == {
        f"{crew.schedule.name}: ann@aurora.example",
        f"{crew.schedule.name}: bob@aurora.example",
    }


def test_a_feed_of_a_person_shows_nobody_else(crew):
    _, secret = feed_of(crew, crew.lab)
    assert b"ann@aurora.example" in get(secret).content
    assert b"bob@aurora.example" not in get(secret).content


def test_an_address_that_ended_answers_like_one_that_never_was(crew):
    feed, secret = feed_of(crew, crew.schedule)
    revoke_feed(feed, actor=crew.actor(crew.ann), now=timezone.now())
    _, old = feed_of(crew, crew.schedule, now=timezone.now() - timedelta(days=6))
    answers = [get(text) for text in (secret, old, "tocf_never", "x")]
    assert [answer.status_code for answer in answers] == [404] * 4
    assert len({answer.content for answer in answers}) == 1
