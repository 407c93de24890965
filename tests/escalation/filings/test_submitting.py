from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction

from escalation.filings.approval import approve, ask_review, refuse
from escalation.filings.drafting import NewRecipient, revise, withdraw
from escalation.filings.models import FilingState, RecipientState
from escalation.filings.reading import newest_version
from escalation.filings.submitting import submit
from escalation.lawbook.registry import regimes_of
from escalation.loop import fire_due
from escalation.models import AnchorValue, FilingVersion, Notification, StatutoryClock
from incidents.errors import NotPossible
from incidents.models import Share
from tests import factories as make
from tests.escalation.filings.filing_world import NIS2, FilingWorld


def anchors(world: FilingWorld) -> list[tuple[str, str, str, str]]:
    rows = AnchorValue.objects.select_related("organisation").order_by("pk")
    return [(r.organisation.slug, r.regime_id, r.name, r.source) for r in rows]


def test_author_cannot_approve_their_own_version(world: FilingWorld):
    filing = world.draft()
    world.answer_all(filing)
    ask_review(filing, **world.actor(world.author))
    with pytest.raises(NotPossible, match="another person"):
        approve(filing, version=2, **world.who(world.author))
    filing.refresh_from_db()
    assert filing.state == FilingState.IN_REVIEW


def test_database_refuses_approval_by_the_author(world: FilingWorld):
    version = newest_version(world.draft())
    rows = FilingVersion.objects.filter(pk=version.pk)
    refused = pytest.raises(IntegrityError, match="filing_approved_by_another")
    with refused, transaction.atomic():
        rows.update(approved_by=version.author)


def test_only_the_version_in_review_is_approved(world: FilingWorld):
    filing = world.draft()
    world.answer_all(filing)
    ask_review(filing, **world.actor(world.author))
    with pytest.raises(NotPossible) as refused:
        approve(filing, version=1, **world.who(world.approver))
    assert refused.value.state["version"] == 2


def test_refused_version_goes_back_with_the_reason(world: FilingWorld):
    filing = world.draft()
    world.answer_all(filing)
    ask_review(filing, **world.actor(world.author))
    refuse(filing, version=2, reason="Name the cluster.", **world.who(world.approver))
    filing.refresh_from_db()
    assert filing.state == FilingState.DRAFT
    assert newest_version(filing).refusal == "Name the cluster."


def test_what_is_not_approved_is_not_submitted(world: FilingWorld):
    filing = world.draft()
    with pytest.raises(NotPossible, match="draft"):
        submit(filing, **world.who(world.author))
    assert not Share.objects.exists()


def test_approval_ends_with_a_revision(world: FilingWorld):
    filing = world.approved()
    revise(filing, **world.actor(world.author))
    with pytest.raises(NotPossible):
        submit(filing, **world.who(world.author))


def test_what_was_approved_is_not_approved_again(world: FilingWorld):
    filing = world.approved()
    revise(filing, **world.actor(world.author))
    with pytest.raises(NotPossible, match="write another version first"):
        ask_review(filing, **world.actor(world.author))


def test_revision_by_mistake_is_written_again_as_it_was(world: FilingWorld):
    filing = world.approved()
    revise(filing, **world.actor(world.author))
    world.answer_all(filing)
    world.approve(filing)
    first, second = filing.versions.filter(approved_at__isnull=False)
    assert (second.number, second.sections) == (3, first.sections)


def test_submission_shares_notes_and_tells(world: FilingWorld):
    make.contact(world.agency, address="desk@naisa.example")
    filing = world.submitted()
    [recipient] = filing.recipients.all()
    assert (recipient.state, recipient.submitted_at) == ("submitted", world.now)
    assert filing.state == FilingState.SUBMITTED
    assert Share.objects.get().agency == world.agency
    name = "submitted:early_warning"
    assert anchors(world) == [
        ("aurora", NIS2, name, filing.ref),
        ("naisa", NIS2, name, filing.ref),
    ]
    fire_due(world.now)
    letter = Notification.objects.get(purpose="filing")
    assert letter.address == "desk@naisa.example"
    assert filing.ref in letter.message["text"]
    assert letter.message["url"].endswith(f"/filings/{filing.ref}/")


def test_second_submission_changes_nothing(world: FilingWorld):
    filing = world.submitted()
    world.now += timedelta(minutes=1)
    submit(filing, **world.who(world.author))
    [recipient] = filing.recipients.all()
    assert recipient.submitted_at == world.now - timedelta(minutes=1)
    assert len(anchors(world)) == 2
    kinds = [kind for kind, _ in world.told(world.officer)]
    assert kinds == ["filing.submitted"]


def test_agency_reads_of_the_record_only_the_submission(world: FilingWorld):
    filing = world.submitted()
    [(kind, data)] = world.told(world.officer)
    assert (kind, data["filing"], data["version"]) == (
        "filing.submitted",
        filing.ref,
        2,
    )
    kinds = [kind for kind, _ in world.told(world.author)]
    assert kinds == [
        "filing.drafted",
        "filing.drafted",
        "filing.reviewed",
        "filing.approved",
        "filing.submitted",
    ]


def test_each_agency_is_told_of_its_own_part_alone(world: FilingWorld):
    bureau = make.agency("bureau")
    world.submitted(world.to(), NewRecipient("eu-gdpr-33", "notification", bureau))
    [(_, data)] = world.told(world.officer)
    assert (data["agency"], data["regime"]) == ("Safety Agency", NIS2)


def test_due_instants_of_the_clock_stay_with_the_submission(world: FilingWorld):
    due = world.now - timedelta(seconds=1)
    clock = StatutoryClock.objects.create(
        incident=world.incident,
        organisation=world.lab,
        regime_id=NIS2,
        regime_digest=regimes_of(None)[NIS2].digest,
        stage="early_warning",
        state="running",
        due_operational=due,
        started_at=world.now,
    )
    filing = world.submitted()
    clock.due_operational = world.now
    clock.save()
    assert filing.recipients.get().due_operational == due


def test_submitted_filing_is_not_withdrawn(world: FilingWorld):
    filing = world.submitted()
    with pytest.raises(NotPossible, match="cannot be undone"):
        withdraw(filing, reason="Oops.", **world.actor(world.author))


def test_amended_filing_links_to_the_first_and_moves_no_clock(world: FilingWorld):
    first = world.submitted()
    second = world.submitted(amends=first)
    third = world.submitted(amends=second)
    assert [second.amends, third.amends] == [first, first]
    assert {source for *_, source in anchors(world)} == {first.ref}
    assert third.recipients.get().state == RecipientState.SUBMITTED


def test_amended_filing_starts_the_clock_of_an_agency_that_had_none(world: FilingWorld):
    first = world.submitted()
    new = NewRecipient(NIS2, "early_warning", make.agency("bureau"))
    second = world.submitted(world.to(), new, amends=first)
    noted = {(slug, source) for slug, *_, source in anchors(world)}
    assert noted == {
        ("aurora", first.ref),
        ("naisa", first.ref),
        ("bureau", second.ref),
    }


def test_filing_that_nobody_has_is_not_amended(world: FilingWorld):
    with pytest.raises(Exception, match="change it itself"):
        world.draft(amends=world.draft())


def test_report_that_is_not_due_any_more_is_not_late(world: FilingWorld):
    StatutoryClock.objects.create(
        incident=world.incident,
        organisation=world.lab,
        regime_id=NIS2,
        regime_digest=regimes_of(None)[NIS2].digest,
        stage="early_warning",
        state="cancelled",
        due_operational=world.now - timedelta(hours=1),
        started_at=world.now,
        ended_at=world.now,
    )
    assert world.submitted().recipients.get().due_operational is None
