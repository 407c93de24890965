"""Apprise, whose plugins for PagerDuty and Opsgenie know only their makers' hosts."""

import apprise

from incidents.events.actor import Actor
from incidents.intake.sources import change_source
from tests.incidents.intake.intake_world import NOW

MAPPING = {"title": "title", "summary": "message", "labels.type": "type"}


def test_apprise_opens_an_incident_through_a_mapping(site):
    source = site.source("generic")
    actor = Actor.system(source.organisation)
    change_source(source, changes={"mapping": MAPPING}, actor=actor, now=NOW)
    address = f"json://{site.host}/hooks/generic/{site.keys['generic']}"
    sender = apprise.Apprise()
    assert sender.add(address)
    assert sender.notify(
        title="Disk full", body="gpu-7", notify_type=apprise.NotifyType.FAILURE
    )
    alert = site.alerts()["Disk full"]
    assert (alert.status, alert.summary, alert.labels) == (
        "firing",
        "gpu-7",
        {"type": "failure"},
    )
