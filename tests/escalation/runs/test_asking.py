from typing import Any

import pytest

from escalation.runs.simulation.asking import Question, ask
from incidents.errors import BadInput
from incidents.events.actor import Actor
from incidents.incident.shares import share, unshare
from tests import factories as make
from tests.factories import NOW

pytestmark = pytest.mark.django_db


@pytest.fixture
def lab():
    lab = make.lab("aurora")
    make.contact(lab, make.person(lab, "duty@aurora.example"))
    make.policy(lab, make.notify({"user": "duty@aurora.example"}), slug="path")
    return lab


@pytest.fixture
def other_lab():
    other = make.lab("meridian")
    make.contact(other, channel="slack", address="C0123456789")
    return other


@pytest.fixture
def naisa():
    naisa = make.agency("naisa")
    make.contact(naisa, address="desk@naisa.example")
    make.contact(naisa, channel="sms", address="+37255500000")
    make.policy(naisa, make.notify({"desk": "naisa"}), slug="theirs")
    return naisa


def played(side, policy="path", **more):
    return ask(side, Question(policy, NOW, **more))


def shared(lab, naisa):
    incident = make.incident(lab)
    who: dict[str, Any] = {"user": None, "actor": Actor.system(lab), "now": NOW}
    share(incident, agency=naisa, reason="drill", **who)
    return incident, who


def test_lab_may_not_imagine_the_incident_of_another_lab(lab, other_lab):
    assert played(lab, owner="aurora")
    for name in ("meridian", "nobody"):
        with pytest.raises(BadInput, match="Name aurora") as refused:
            played(lab, owner=name)
        assert refused.value.field == "owner"


def test_agency_may_imagine_incidents_of_labs_that_share_with_it(lab, other_lab, naisa):
    incident, who = shared(lab, naisa)
    assert played(naisa, "theirs", owner="aurora")
    with pytest.raises(BadInput, match="Name naisa, aurora"):
        played(naisa, "theirs", owner="meridian")
    unshare(incident, agency=naisa, reason="over", **who)
    with pytest.raises(BadInput):
        played(naisa, "theirs", owner="aurora")


def test_agency_with_which_nobody_shares_imagines_a_lab(other_lab, naisa):
    for_meridian = {"field": "organisation", "op": "=", "value": "meridian"}
    step = {
        "kind": "if",
        "when": [for_meridian],
        "then": [make.notify({"desk": "naisa"})],
    }
    make.policy(naisa, step, make.wait(5), slug="asking")
    [skipped] = [e for e in played(naisa, "asking") if e.label == "1"]
    assert skipped.kind == "skipped"
    assert [e for e in played(naisa, "theirs") if e.kind == "sent"]


def test_draft_may_name_only_what_a_saved_policy_may(lab, other_lab):
    body = {"steps": [make.notify({"desk": "meridian"})]}
    with pytest.raises(BadInput, match="agency"):
        played(lab, body=body)


@pytest.mark.parametrize("down", [(), ("email",), ("sms",)])
def test_desk_of_another_side_is_told_once_by_no_channel_that_can_be_seen(
    lab, naisa, down
):
    sharing = {"kind": "share", "agency": "naisa"}
    steps = [sharing, make.wait(5), make.notify({"desk": "naisa"}), make.wait(5)]
    make.policy(lab, *steps, fallback={"desk": "naisa"}, slug="sharing")
    events = played(lab, "sharing", down=down)
    told = [e for e in events if e.page is not None and e.recipients == ("Naisa desk",)]
    assert [(e.kind, e.text, e.page.channel) for e in told] == [
        ("sent", "Message to Naisa desk", ""),
        ("sent", "Message to Naisa desk", ""),
    ]
    assert [e.page.purpose for e in told] == ["page", "fallback"]


def test_own_desk_is_shown_with_its_channels(naisa):
    told = [e for e in played(naisa, "theirs") if e.kind == "sent"]
    assert {e.page.channel for e in told} == {"email", "sms"}


def test_somebody_elsewhere_acknowledges_in_whatever_role_is_asked_for(lab, naisa):
    rule = {"mode": "each", "of": [{"organisation": "naisa", "role": "approver"}]}
    steps = [make.notify({"user": "duty@aurora.example"}), make.wait(15)]
    make.policy(lab, *steps, acknowledgement=rule, slug="waiting")
    events = played(lab, "waiting", answers="ack by naisa after 1m")
    assert [e.kind for e in events][-1] == "paused"
