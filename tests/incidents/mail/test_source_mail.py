"""Mail of tools that can send nothing else becomes alerts of a source."""

import json

import pytest

from incidents.events.actor import Actor
from incidents.intake.process import process_batch
from incidents.intake.sources import change_source, create_source, rotate_key
from incidents.mail.addresses import find_addressee
from incidents.mail.alerting import state_and_key
from incidents.mail.source_addresses import find_source, source_address
from incidents.mail.storing import keep_mail
from incidents.models import Alert, Delivery, Incident, Mail, Source
from tests import factories as make
from tests.incidents.mail.post import Lab, mail


@pytest.fixture
def source(lab: Lab) -> Source:
    return _source(lab, "generic")


def _source(lab: Lab, tool: str) -> Source:
    actor = Actor.system(lab.organisation)
    made, _ = create_source(
        lab.organisation, tool=tool, slug=tool, name=tool, actor=actor, now=make.NOW
    )
    return made


def _send(source: Source, subject: str, sender: str = "tool@vendor.example") -> None:
    addressee = find_source(source_address(source))
    assert addressee is not None
    raw = mail(sender, subject=subject, Auto_Submitted="auto-generated").as_bytes()
    keep_mail([addressee], raw, envelope_from=sender, now=make.NOW)
    process_batch(make.NOW)


def test_mail_of_a_tool_opens_an_incident_and_its_end_resolves_it(source: Source):
    _send(source, "[ALERT] Drift on model 7")
    alert = Alert.objects.get()
    assert (alert.title, alert.status, alert.summary) == (
        "[ALERT] Drift on model 7",
        "firing",
        "Somebody copied the weights.",
    )
    assert alert.labels["sender"] == "tool@vendor.example"
    assert Incident.objects.get().status == "open"
    _send(source, "[RESOLVED] Drift on model 7")
    assert (Alert.objects.get().status, Incident.objects.get().status) == (
        "resolved",
        "resolved",
    )
    assert Mail.objects.count() == 0


def test_delivery_holds_what_the_mail_says(source: Source):
    _send(source, "Drift")
    body = json.loads(bytes(Delivery.objects.get().body or b""))
    assert body == {
        "title": "Drift",
        "status": "firing",
        "dedup_key": "drift",
        "summary": "Somebody copied the weights.",
        "labels": {"sender": "tool@vendor.example"},
    }


def test_mail_is_read_as_mail_whatever_the_mapping_says_of_other_bodies(source: Source):
    Source.objects.filter(pk=source.pk).update(mapping={"title": "$.event.name"})
    _send(source, "Drift on model 7")
    assert Alert.objects.get().title == "Drift on model 7"


def test_mail_of_our_own_goes_to_no_source(source: Source):
    _send(source, "[SEV4] Page", sender="desk@tocsin.example")
    assert Delivery.objects.count() == 0
    assert Mail.objects.get().organisation == source.organisation


def test_mail_to_people_and_a_source_is_kept_for_both(source: Source, lab: Lab):
    both = [
        find_source(source_address(source)),
        find_addressee(lab.address, now=make.NOW),
    ]
    raw = mail().as_bytes()
    keep_mail([a for a in both if a], raw, envelope_from="x@y.example", now=make.NOW)
    assert (Delivery.objects.count(), Mail.objects.count()) == (1, 1)


def test_new_key_is_a_new_address(source: Source):
    before = source_address(source)
    rotate_key(source, actor=Actor.system(source.organisation), now=make.NOW)
    source.refresh_from_db()
    assert find_source(before) is None
    assert find_source(source_address(source)) is not None


def test_guessed_address_is_nobodys(source: Source):
    local, _, domain = source_address(source).partition("@")
    guess = f"{local[:-1]}{'a' if local[-1] != 'a' else 'b'}@{domain}"
    assert find_source(guess) is None
    assert find_source(f"src+@{domain}") is None
    assert find_source(f"src+ä@{domain}") is None
    assert find_source(f"{local}@evil.example") is None


def test_source_that_is_off_or_of_another_tool_takes_no_mail(source: Source, lab: Lab):
    other = _source(lab, "grafana")
    assert find_source(source_address(other)) is None
    actor = Actor.system(source.organisation)
    change_source(source, changes={"is_enabled": False}, actor=actor, now=make.NOW)
    assert find_source(source_address(source)) is None


@pytest.mark.parametrize(
    ("subject", "state", "key"),
    [
        ("Re: [OK] [gpu-7] Disk", "resolved", "[gpu-7] disk"),
        ("PROBLEM - Disk full", "firing", "disk full"),
        ("Disk full: recovered", "resolved", "disk full"),
        ("Recovered: ALERT: Disk", "resolved", "disk"),
        ("Upgrade done", "firing", "upgrade done"),
        ("", "firing", ""),
    ],
)
def test_state_is_read_from_the_ends_of_the_subject(subject, state, key):
    assert state_and_key(subject) == (state, key)
