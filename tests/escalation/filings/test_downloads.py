"""Which files a filing has for whom, and that both sides get the same bytes."""

import hashlib
import io
import json
import zipfile
from datetime import timedelta

import pytest
from django.http import Http404

from escalation.duties.models import (
    AnchorChoice,
    AnchorValue,
    DueDate,
    DutyState,
    StatutoryClock,
)
from escalation.filings.access import agency_actor, find_filing
from escalation.filings.downloads import FORMS, make_file
from escalation.filings.drafting import NewRecipient, revise
from escalation.filings.inquiries import request_information
from escalation.filings.laws import laws_for
from escalation.filings.listing import rows_of
from escalation.filings.receiving import accept, receive
from escalation.filings.showing import shown_filing
from escalation.filings.submitting import submit
from escalation.models import Filing
from incidents.events.actor import Actor
from incidents.incident.shares import unshare
from tests import factories as make
from tests.escalation.filings.filing_world import MINUTE, NIS2, FilingWorld

PACKET_FORMS = [name for name, form in FORMS.items() if not form.tells_all]


def file_of(world: FilingWorld, filing: Filing, user, form="json", key="naisa", **more):
    seen = find_filing(user, filing.ref)
    number = more.get("number")
    return make_file(seen, key, form, number=number, now=world.now)


def body_of(world: FilingWorld, filing: Filing, user=None, **more):
    file = file_of(world, filing, user or world.author, **more)
    return json.loads(file.data)


def anchor(world: FilingWorld, name="aware", *, hours=2, source="Log", **more):
    at = world.now - timedelta(hours=hours)
    values = {
        "incident": world.incident,
        "organisation": world.lab,
        "name": name,
        "at": at,
        "written": at.isoformat(),
        "source": source,
        "author": world.author,
        "created_at": world.now,
    }
    return AnchorValue.objects.create(**values | more)


def choose(world: FilingWorld, value: AnchorValue) -> None:
    AnchorChoice.objects.filter(name=value.name).update(is_current=False)
    AnchorChoice.objects.create(
        incident=world.incident,
        organisation=world.lab,
        regime_id=NIS2,
        name=value.name,
        value=value,
        reason="x",
        author=world.author,
        chosen_at=world.now,
    )


def clock(world: FilingWorld, **more) -> StatutoryClock:
    values = {
        "incident": world.incident,
        "organisation": world.lab,
        "regime_id": NIS2,
        "regime_digest": laws_for(world.lab.pk)[NIS2].digest,
        "stage": "early_warning",
        "state": DutyState.RUNNING,
        "due_operational": world.now + timedelta(hours=22),
        "due_statutory_latest": world.now + timedelta(hours=23),
        "rule": "24 hours from aware",
        "flags": ["date only: aware"],
        "started_at": world.now,
    }
    made = StatutoryClock.objects.create(**values | more)
    due(made, world.now)
    return made


def due(clock: StatutoryClock, at) -> None:
    DueDate.objects.create(
        clock=clock,
        organisation=clock.organisation,
        due_operational=clock.due_operational,
        due_statutory_latest=clock.due_statutory_latest,
        rule=clock.rule,
        regime_digest=clock.regime_digest,
        reason="x",
        set_at=at,
    )


@pytest.mark.parametrize("form", FORMS)
def test_every_form_of_a_draft_is_made(world: FilingWorld, form: str):
    filing = world.draft()
    file = file_of(world, filing, world.author, form)
    assert file.filename == f"{filing.ref}-v1-naisa.{FORMS[form].ending}"
    assert len(file.data) > 100


@pytest.mark.parametrize("form", PACKET_FORMS)
def test_both_sides_get_the_same_bytes(world: FilingWorld, form: str):
    filing = world.submitted()
    world.now += MINUTE
    lab, agency = (
        hashlib.sha256(file_of(world, filing, user, form).data).hexdigest()
        for user in (world.author, world.officer)
    )
    assert lab == agency


def test_document_says_law_stage_and_marks(world: FilingWorld):
    found = body_of(world, world.submitted())
    assert found["law"]["name"] == "NIS2 Directive, Article 23"
    assert found["law"]["citation"] == "Article 23(4)(a)"
    assert found["law"]["zone"] == "Europe/Brussels"
    assert found["stage"]["id"] == "early_warning"
    assert (found["organisation"], found["recipient"]) == (
        "Aurora Labs",
        "Safety Agency",
    )
    assert found["tlp"] == "TLP:AMBER+STRICT"
    assert [one["answer"] for one in found["sections"]] == ["Yes.", "Yes."]


def test_state_and_instant_follow_the_agency(world: FilingWorld):
    filing = world.submitted()
    sent = body_of(world, filing)
    assert (sent["state"], sent["submitted_at"]) == ("submitted", sent["made_at"])
    world.now += MINUTE
    recipient = receive(world.got(filing), **world.who(world.officer))
    world.now += MINUTE
    accept(world.got(filing), text="", **world.who(world.officer))
    found = body_of(world, filing)
    assert found["state"] == "accepted"
    assert found["receipt_number"] == recipient.receipt_number
    assert found["submitted_at"] == sent["submitted_at"]
    assert found["made_at"] == (world.now).isoformat().replace("+00:00", "Z")


def test_recipient_gets_its_own_sections_only(world: FilingWorld):
    filing = world.approved(world.to(), world.by_hand())
    fields = {
        key: [one["field"] for one in body_of(world, filing, key=key)["sections"]]
        for key in ("naisa", "by-hand-2")
    }
    assert len(fields["naisa"]) == 2
    assert len(fields["by-hand-2"]) == 4
    assert not set(fields["naisa"]) & set(fields["by-hand-2"])


def test_agency_gets_no_other_recipients_part(world: FilingWorld):
    filing = world.approved(world.to(), world.by_hand())
    submit(filing, **world.who(world.author))
    with pytest.raises(Http404):
        file_of(world, filing, world.officer, key="by-hand-2")


def test_agency_gets_nothing_of_a_draft(world: FilingWorld):
    with pytest.raises(Http404):
        file_of(world, world.approved(), world.officer)


def test_another_lab_gets_nothing(world: FilingWorld):
    stranger = make.person(make.lab("meridian"))
    with pytest.raises(Http404):
        file_of(world, world.submitted(), stranger)


@pytest.mark.parametrize(("key", "form"), [("x", "pdf"), ("naisa", "exe")])
def test_what_there_is_not_is_not_found(world: FilingWorld, key: str, form: str):
    with pytest.raises(Http404):
        file_of(world, world.draft(), world.author, form, key=key)


def test_lab_gets_any_version_and_the_agency_what_was_sent(world: FilingWorld):
    filing = world.submitted()
    assert body_of(world, filing, number=1)["state"] == "draft"
    assert body_of(world, filing, number=2)["state"] == "submitted"
    assert body_of(world, filing, world.officer, number=2)["version"] == 2
    for user, number in ((world.author, 9), (world.officer, 1)):
        with pytest.raises(Http404):
            file_of(world, filing, user, number=number)


def test_newer_draft_does_not_change_what_the_agency_got(world: FilingWorld):
    filing = world.approved(world.to(), world.by_hand())
    submit(filing, **world.who(world.author))
    before = file_of(world, filing, world.officer).data
    world.now += MINUTE
    revise(filing, **world.actor(world.author))
    world.answer_all(filing, "Changed.")
    assert file_of(world, filing, world.officer).data == before


def test_only_instants_that_the_stage_counts_from_are_told(world: FilingWorld):
    anchor(world, source="Minutes")
    anchor(world, "detected", source="SIEM")
    found = body_of(world, world.submitted())["anchors"]
    assert [(one["name"], one["source"]) for one in found] == [("aware", "Minutes")]


def test_only_the_candidate_in_force_is_told(world: FilingWorld):
    early = anchor(world, hours=9, source="A disputed mail")
    assert body_of(world, world.draft())["anchors"][0]["source"] == early.source
    choose(world, anchor(world, hours=2, source="Minutes"))
    found = body_of(world, world.draft())["anchors"]
    assert [one["source"] for one in found] == ["Minutes"]


def test_what_is_noted_after_the_approval_is_not_told(world: FilingWorld):
    anchor(world, source="Minutes")
    filing = world.submitted()
    before = file_of(world, filing, world.officer).data
    world.now += MINUTE
    choose(world, anchor(world, hours=9, source="A disputed mail"))
    AnchorValue.objects.filter(source="Minutes").update(withdrawn_at=world.now)
    assert file_of(world, filing, world.officer).data == before


def test_withdrawn_candidate_is_not_told(world: FilingWorld):
    anchor(world, withdrawn_at=world.now)
    assert body_of(world, world.draft())["anchors"] == []


def test_draft_is_due_as_its_clock_says(world: FilingWorld):
    clock(world)
    found = body_of(world, world.draft())["due"]
    assert found == {
        "operational": "2026-11-24T01:00:00Z",
        "statutory_latest": "2026-11-24T02:00:00Z",
        "rule": "24 hours from aware",
        "flags": ["date only: aware"],
    }


def test_what_was_sent_was_due_as_it_stood_then(world: FilingWorld):
    row = clock(world)
    filing = world.submitted()
    row.due_operational = world.now + timedelta(days=2)
    row.rule, row.flags = "another rule", ["moved"]
    row.save()
    due(row, world.now + MINUTE)
    found = body_of(world, filing)["due"]
    assert found == {
        "operational": "2026-11-24T01:00:00Z",
        "statutory_latest": "2026-11-24T02:00:00Z",
        "rule": "24 hours from aware",
        "flags": [],
    }


def test_waiting_clock_names_what_it_waits_for(world: FilingWorld):
    clock(
        world,
        state=DutyState.WAITING,
        due_operational=None,
        due_statutory_latest=None,
        rule="",
        waiting_for=["aware"],
        flags=[],
    )
    assert body_of(world, world.draft())["due"] == {
        "flags": ["waits for: Became aware"]
    }


def test_duty_that_no_clock_watches_says_so(world: FilingWorld):
    found = body_of(world, world.draft())["due"]
    assert found == {"flags": ["no clock watches it yet"]}


def test_packet_tells_of_the_incident_no_more_than_its_name(world: FilingWorld):
    world.incident.facts = {"models": "Aurora 4, unreleased"}
    world.incident.save()
    found = body_of(world, world.submitted())["incident"]
    assert list(found) == ["category", "opened_at", "ref", "title"]
    file = file_of(world, Filing.objects.get(), world.author, "packet")
    with zipfile.ZipFile(io.BytesIO(file.data)) as archive:
        texts = [archive.read(name) for name in archive.namelist()]
    assert not any(b"Aurora 4" in text for text in texts)


def test_exports_tell_of_the_incident_as_it_stands(world: FilingWorld):
    world.incident.facts = {"models": "Aurora 4", "harm": ["physical"], "outcome": ""}
    world.incident.save()
    filing = world.submitted()
    found = body_of(world, filing, world.officer, form="oecd")["criteria"]
    values = {one["criterion"]: one.get("value") for one in found}
    assert values[2] == "1.2 TB left the cluster."
    assert values[11] == ["physical"]


def test_exports_tell_the_name_to_who_does_not_see_the_incident(world: FilingWorld):
    filing = world.submitted()
    unshare(world.incident, agency=world.agency, reason="x", **world.who(world.author))
    found = body_of(world, filing, world.officer, form="oecd")["criteria"]
    states = {one["criterion"]: one["state"] for one in found}
    assert (states[1], states[2]) == ("answered", "not_yet_known")


def test_agency_learns_nothing_of_a_filing_with_another_authority(world: FilingWorld):
    bureau = make.agency("bureau")
    other = make.person(bureau, role="officer")
    first = world.submitted(NewRecipient(NIS2, "early_warning", bureau))
    asked, _ = agency_actor(find_filing(other, first.ref))
    request_information(
        asked,
        text="?",
        due_at=None,
        user=other,
        actor=Actor.of(other, bureau),
        now=world.now,
    )
    world.now += MINUTE
    filing = world.submitted(world.to(stage="intermediate"), amends=first)
    assert body_of(world, filing)["anchors"] == []
    for body in (body_of(world, filing), body_of(world, filing, world.officer)):
        assert first.ref not in json.dumps(body)
    assert shown_filing(find_filing(world.officer, filing.ref)).amends is None
    assert shown_filing(find_filing(world.author, filing.ref)).amends == first
    [mine] = rows_of(world.officer, [filing])
    [labs] = rows_of(world.author, [filing])
    assert (mine.amends, labs.amends) == (None, first)


def test_submission_to_another_authority_is_not_told(world: FilingWorld):
    bureau = make.agency("bureau")
    first = world.submitted(NewRecipient(NIS2, "notification", bureau))
    world.now += MINUTE
    filing = world.submitted(world.to(stage="final"))
    assert body_of(world, filing)["anchors"] == []
    assert first.ref not in json.dumps(body_of(world, filing))


def test_submission_to_the_same_authority_is_told(world: FilingWorld):
    first = world.submitted(world.to(stage="notification"))
    world.now += MINUTE
    filing = world.submitted(world.to(stage="final"))
    found = body_of(world, filing)["anchors"]
    assert [one["source"] for one in found] == [first.ref]


def test_agency_reads_what_it_asked_itself_and_what_it_got(world: FilingWorld):
    first = world.submitted()
    request_information(
        world.got(first), text="?", due_at=None, **world.who(world.officer)
    )
    world.now += MINUTE
    filing = world.submitted(world.to(stage="intermediate"), amends=first)
    found = body_of(world, filing, world.officer)
    assert found["amends"] == first.ref
    assert [one["source"] for one in found["anchors"]] == [first.ref]
    assert shown_filing(find_filing(world.officer, filing.ref)).amends == first
