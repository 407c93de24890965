"""A filing under a law of which the stored text cannot be read any more."""

import pytest
from django.test import Client
from django.urls import reverse

from escalation.lawbook.editing import RegimeDraft, save_regime
from escalation.models import Filing, FilingRecipient, RegimeText
from incidents.events.actor import Actor
from tests.api_world import client_of
from tests.escalation.filings.filing_world import FilingWorld, make_filing_world
from tests.escalation.lawbook.framework import framework

OWN = "aurora-framework"


@pytest.fixture
def world(db: None) -> FilingWorld:
    made = make_filing_world()
    draft, actor = RegimeDraft(framework()), Actor.system(made.lab)
    save_regime(made.lab, draft, user=None, actor=actor, now=made.now)
    return made


@pytest.fixture
def filing(world: FilingWorld) -> Filing:
    """A filing whose law became unreadable when it was approved."""
    made = world.approved(world.by_hand(OWN, "notice"))
    rows = RegimeText.objects.filter(regime_id=OWN)
    # Each test has a text of its own: one that was read once is kept read.
    rows.update(text="nobody_knows_this_key = 1", digest="f" * 64)
    FilingRecipient.objects.update(regime_digest="f" * 64)
    return made


def test_its_pages_are_still_shown(client: Client, world: FilingWorld, filing: Filing):
    client.force_login(world.author)
    pages = [
        reverse("filing-list"),
        filing.get_absolute_url(),
        reverse("incident-duties", args=[world.incident.ref]),
    ]
    found = [client.get(page) for page in pages]
    assert [answer.status_code for answer in found] == [200, 200, 200]
    assert [filing.ref in answer.text for answer in found] == [True, True, True]


def test_the_api_still_answers(world: FilingWorld, filing: Filing):
    answer = client_of(world.author).get(f"/api/v1/filings/{filing.ref}/")
    assert (answer.status_code, answer.json()["ref"]) == (200, filing.ref)
