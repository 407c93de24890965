import pytest

from escalation.filings.access import find_filing
from escalation.filings.approval import ask_review
from escalation.filings.drafting import NewRecipient, withdraw, write_version
from escalation.filings.models import FilingState
from escalation.filings.reading import newest_version
from escalation.filings.showing import shown_filing
from escalation.models import Filing
from incidents.errors import BadInput, NotPossible
from incidents.incident.idempotency import Promise
from tests import factories as make
from tests.escalation.filings.filing_world import NIS2, SB53, FilingWorld


def said(filing: Filing) -> dict[str, str]:
    return {row["field"]: row["answer"] for row in newest_version(filing).sections}


def test_draft_holds_the_stages_fields_with_what_the_incident_knows(world: FilingWorld):
    filing = world.draft(world.to(SB53, "report"))
    assert said(filing) == {
        "Date": "",
        "Reasons why it is a critical safety incident": "",
        "Short and plain statement": "Weights copied\n\n1.2 TB left the cluster.",
        "Whether it came with internal use": "",
    }
    assert filing.ref.startswith("FIL-")
    assert filing.state == FilingState.DRAFT


def test_field_of_two_laws_is_asked_once_and_each_gets_its_part(world: FilingWorld):
    other = make.agency("bureau")
    filing = world.draft(
        world.to(NIS2, "final"), NewRecipient("eu-cra-14", "incident_final", other)
    )
    audience = {
        row["field"]: row["audience"] for row in newest_version(filing).sections
    }
    assert audience["Type of threat or root cause"] == ["naisa", "bureau"]
    assert audience["Cross-border impact"] == ["naisa"]


def test_review_is_refused_with_the_missing_fields_named(world: FilingWorld):
    filing = world.draft()
    with pytest.raises(NotPossible) as refused:
        ask_review(filing, **world.actor(world.author))
    fields = [one["field"] for one in refused.value.state["missing"]]
    assert fields == [
        "Suspected to be caused by unlawful or malicious acts: yes, no, not known",
        "Could have a cross-border impact: yes, no, not known",
    ]


@pytest.mark.parametrize(
    ("reason", "why"), [("", "needs a reason"), ("Too early.", "")]
)
def test_not_yet_known_is_an_answer_with_a_reason(
    world: FilingWorld, reason: str, why: str
):
    filing = world.draft(world.to(SB53, "report"))
    rows = [
        {**row, "answer": "", "is_not_yet_known": True, "reason": reason}
        for row in newest_version(filing).sections
    ]
    write_version(filing, rows, based_on=1, **world.who(world.author))
    lacks = shown_filing(find_filing(world.author, filing.ref)).missing
    assert {one.why for one in lacks} == ({why} if why else set())


def test_required_field_hidden_from_its_recipient_is_missing(world: FilingWorld):
    filing = world.draft()
    world.answer_all(filing)
    rows = [{**row, "audience": []} for row in newest_version(filing).sections]
    write_version(filing, rows, based_on=2, **world.who(world.author))
    lacks = shown_filing(find_filing(world.author, filing.ref)).missing
    assert [one.why for one in lacks] == ["is not for this recipient"] * 2


def test_version_written_on_an_older_one_is_a_conflict(world: FilingWorld):
    filing = world.draft()
    world.answer_all(filing, "Yes.")
    with pytest.raises(NotPossible) as refused:
        write_version(filing, [], based_on=1, **world.who(world.approver))
    assert refused.value.state["version"] == 2
    assert set(said(filing).values()) == {"Yes."}


def test_version_that_changes_nothing_is_not_added(world: FilingWorld):
    filing = world.draft()
    rows = newest_version(filing).sections
    write_version(filing, rows, based_on=1, **world.who(world.author))
    assert filing.versions.count() == 1


@pytest.mark.parametrize(
    ("row", "field"),
    [
        ({"field": ""}, "sections[0].field"),
        ({"field": "x" * 301}, "sections[0].field"),
        ({"field": "x", "audience": ["bureau"]}, "sections[0].audience"),
    ],
)
def test_section_that_cannot_be_used_is_named(
    world: FilingWorld, row: dict, field: str
):
    filing = world.draft()
    with pytest.raises(BadInput) as refused:
        write_version(filing, [row], based_on=1, **world.who(world.author))
    assert refused.value.field == field


@pytest.mark.parametrize(
    ("regime", "stage", "field"),
    [("no-such-law", "report", "regime"), (NIS2, "report", "stage")],
)
def test_law_or_stage_that_is_not_there_is_named(
    world: FilingWorld, regime: str, stage: str, field: str
):
    with pytest.raises(BadInput) as refused:
        world.draft(world.to(regime, stage))
    assert refused.value.field == field


def test_agency_gets_one_report_in_a_filing(world: FilingWorld):
    with pytest.raises(BadInput, match="one report in a filing"):
        world.draft(world.to(), world.to(SB53, "report"))


def test_draft_asked_for_twice_with_one_key_is_one(world: FilingWorld):
    promise = Promise("user:1", "POST /x/", "key", b"body")
    first, second = (world.draft(promise=promise) for _ in range(2))
    assert (first.pk, Filing.objects.count()) == (second.pk, 1)
    with pytest.raises(BadInput, match="another body"):
        world.draft(promise=Promise("user:1", "POST /x/", "key", b"other"))


def test_withdrawn_filing_is_changed_no_more(world: FilingWorld):
    filing = world.draft()
    withdraw(filing, reason="Not needed.", **world.actor(world.author))
    with pytest.raises(NotPossible):
        world.answer_all(filing)


def test_drafts_are_the_labs_own(world: FilingWorld):
    filing = world.draft()
    assert list(Filing.objects.visible_to(world.officer)) == []
    assert list(Filing.objects.visible_to(world.author)) == [filing]
    assert world.told(world.officer) == []


def test_authoritys_own_duty_is_not_reported(world: FilingWorld):
    with pytest.raises(BadInput, match="own duty"):
        world.draft(world.to(NIS2, "authority_answer"))


@pytest.mark.parametrize("answer", ["x" * 20_000, "x\n" * 400])
def test_filing_too_long_to_print_is_refused(world: FilingWorld, answer: str):
    filing = world.draft()
    rows = [{"field": f"F{n}", "answer": answer} for n in range(16)]
    with pytest.raises(BadInput, match="together") as refused:
        write_version(filing, rows, based_on=1, **world.who(world.author))
    assert refused.value.field.endswith("].answer")
    write_version(filing, rows[:12], based_on=1, **world.who(world.author))
