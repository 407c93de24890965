import json

import pytest
from django.conf import settings

from incidents.errors import BadInput
from incidents.events.actor import Actor
from incidents.intake.adapters.registry import ADAPTERS
from incidents.intake.receive import digest_of_key
from incidents.intake.sources import (
    change_source,
    create_source,
    rotate_key,
    send_trial,
    source_url,
)
from incidents.models import Alert, Entry, Incident
from tests.incidents.intake.intake_world import NOW, make_source, process_all

pytestmark = pytest.mark.django_db


def create(organisation, **values):
    chosen = {"tool": "generic", "slug": "prod", "name": "Production", **values}
    actor = Actor.system(organisation)
    return create_source(organisation, actor=actor, now=NOW, **chosen)


def test_address_of_a_source_holds_its_key(organisation):
    source, key = create(organisation, tool="grafana")
    assert source_url(source) == f"{settings.BASE_URL}/hooks/grafana/{key}"
    assert len(key) >= 43


def test_key_is_stored_hashed_and_sealed_only(organisation):
    source, key = create(organisation)
    source.refresh_from_db()
    assert bytes(source.key_digest) == digest_of_key(key)
    assert key.encode() not in bytes(source.key_sealed)


def test_creation_is_recorded(organisation):
    create(organisation)
    assert list(Entry.objects.values_list("kind", flat=True)) == ["config.changed"]


def test_rotated_key_replaces_the_old_address(organisation):
    source, old = create(organisation)
    new = rotate_key(source, actor=Actor.system(organisation), now=NOW)
    source.refresh_from_db()
    assert old != new
    assert bytes(source.key_digest) == digest_of_key(new)
    assert source_url(source).endswith(f"/{new}")


@pytest.mark.parametrize(
    ("values", "field"),
    [({"tool": "pager"}, "tool"), ({"slug": "taken"}, "slug")],
)
def test_bad_input_names_the_field(organisation, values, field):
    create(organisation, slug="taken")
    with pytest.raises(BadInput) as caught:
        create(organisation, **values)
    assert caught.value.field == field


@pytest.mark.parametrize(
    "changes",
    [
        {"default_severity": 9},
        {"default_category": "XXX"},
        {"default_tlp": "PINK"},
        {"mapping": {"title": "a..b"}},
        {"key_digest": b"x"},
    ],
)
def test_bad_change_names_the_field_and_changes_nothing(source, changes):
    before = {name: getattr(source, name) for name in changes}
    with pytest.raises(BadInput) as caught:
        change_source(
            source, changes=changes, actor=Actor.system(source.organisation), now=NOW
        )
    source.refresh_from_db()
    assert caught.value.field == next(iter(changes))
    assert {name: getattr(source, name) for name in changes} == before


def test_change_that_changes_nothing_is_not_recorded(source):
    before = Entry.objects.count()
    change_source(
        source,
        changes={"default_severity": 2},
        actor=Actor.system(source.organisation),
        now=NOW,
    )
    assert Entry.objects.count() == before


@pytest.mark.parametrize(
    ("tool", "mapping"),
    [
        *((tool, {}) for tool in ADAPTERS),
        ("generic", {"title": "event.name", "severity": "event.tags[1].level"}),
        ("generic", {"alerts": "data.items", "title": "name", "dedup_key": "keys[0]"}),
        ("generic", {"alerts": "$[?@.kind == 'alert']", "title": "$['name', 'id']"}),
        ("aws_sns", {}),
        ("azure_ml", {}),
        ("langfuse", {}),
    ],
)
def test_trial_walks_the_whole_way(organisation, tool, mapping):
    source = make_source(organisation, tool=tool, mapping=mapping)
    delivery = send_trial(source, now=NOW)
    process_all()
    delivery.refresh_from_db()
    assert (delivery.state, delivery.error) == ("processed", "")
    assert "Test from Tocsin" in Alert.objects.get().title
    assert Incident.objects.get().source == source


def test_second_trial_joins_the_first(source):
    for _ in range(2):
        send_trial(source, now=NOW)
        process_all()
    assert Incident.objects.count() == 1
    assert json.loads(bytes(send_trial(source, now=NOW).body))["title"]
