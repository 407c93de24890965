from dataclasses import dataclass

import pytest
from django.db import IntegrityError, transaction

from escalation.models import Policy, PolicyVersion, SecondPersonRule
from escalation.policies.approval import (
    approve_version,
    end_second_person,
    reject_version,
    require_second_person,
    withdraw_version,
)
from escalation.policies.versions import PolicyDraft, save_policy, versions_in_force
from incidents.errors import BadInput, NotAllowed, NotPossible
from incidents.events.actor import Actor
from incidents.events.feed import read_fields
from incidents.models import Entry, Organisation, User
from tests import factories as make
from tests.factories import NOW

pytestmark = pytest.mark.django_db


@dataclass
class Case:
    lab: Organisation
    author: User
    other: User

    def save(self, minutes: int, user: User | None = None) -> PolicyVersion:
        draft = PolicyDraft(
            "night", "Night", {"steps": [make.wait(minutes)]}, "quicker"
        )
        by = user or self.author
        actor = Actor.of(by, self.lab)
        return save_policy(self.lab, draft, user=by, actor=actor, now=NOW)

    def by(self, user: User) -> dict:
        return {"user": user, "actor": Actor.of(user, self.lab), "now": NOW}

    def minutes_in_force(self) -> int | None:
        policy = Policy.objects.get(slug="night")
        version = versions_in_force([policy.pk]).get(policy.pk)
        return version.body["steps"][0]["minutes"] if version else None


@pytest.fixture
def case():
    lab = make.lab("aurora")
    author = make.person(lab, "author@aurora.example", role="admin")
    return Case(lab, author, make.person(lab, "other@aurora.example", role="approver"))


def require(case, policy=None):
    actor = Actor.of(case.author, case.lab)
    require_second_person(case.lab, policy, actor=actor, now=NOW)


def test_version_is_in_force_at_once_where_no_rule_holds(case):
    assert case.save(5).state == "approved"
    assert case.minutes_in_force() == 5


def test_proposed_version_is_in_force_once_another_person_approves(case):
    case.save(5)
    require(case)
    proposal = case.save(10)
    assert (proposal.state, case.minutes_in_force()) == ("proposed", 5)

    approve_version(proposal, **case.by(case.other))

    assert case.minutes_in_force() == 10
    row = PolicyVersion.objects.get(pk=proposal.pk)
    assert (row.made_by, row.decided_by, row.decided_at, row.reason) == (
        case.author,
        case.other,
        NOW,
        "quicker",
    )


def test_rule_of_one_policy_leaves_others_alone(case):
    require(case, make.policy(case.lab, make.wait(5), slug="day"))
    assert case.save(5).state == "approved"
    day = PolicyDraft("day", "day", {"steps": [make.wait(9)]})
    actor = Actor.of(case.author, case.lab)
    version = save_policy(case.lab, day, user=case.author, actor=actor, now=NOW)
    assert version.state == "proposed"


def test_author_decides_nothing_but_may_withdraw(case):
    require(case)
    proposal = case.save(5)
    with pytest.raises(NotAllowed):
        approve_version(proposal, **case.by(case.author))
    with pytest.raises(NotAllowed):
        reject_version(proposal, reason="no", **case.by(case.author))
    with pytest.raises(NotAllowed):
        withdraw_version(proposal, **case.by(case.other))
    assert withdraw_version(proposal, **case.by(case.author)).state == "withdrawn"
    assert case.minutes_in_force() is None


def test_database_itself_refuses_an_author_who_approves(case):
    require(case)
    proposal = case.save(5)
    with pytest.raises(IntegrityError), transaction.atomic():
        PolicyVersion.objects.filter(pk=proposal.pk).update(
            state="approved", decided_by=case.author
        )


def test_rejected_version_is_never_in_force_and_says_why(case):
    case.save(5)
    require(case)
    proposal = case.save(10)
    with pytest.raises(BadInput):
        reject_version(proposal, reason=" ", **case.by(case.other))
    rejected = reject_version(proposal, reason="too slow", **case.by(case.other))
    assert (rejected.state, rejected.decision_reason) == ("rejected", "too slow")
    assert case.minutes_in_force() == 5


def test_version_that_was_decided_on_is_not_decided_on_again(case):
    require(case)
    proposal = case.save(5)
    approve_version(proposal, **case.by(case.other))
    with pytest.raises(NotPossible) as caught:
        reject_version(proposal, reason="late", **case.by(case.other))
    assert caught.value.state == {"version": 1, "state": "approved"}


def test_next_proposal_takes_the_place_of_one_that_waits(case):
    require(case)
    first, second = case.save(5), case.save(10)
    assert case.save(10).pk == second.pk
    rows = PolicyVersion.objects.order_by("number")
    assert list(rows.values_list("state", "decision_reason")) == [
        ("withdrawn", "superseded by version 2"),
        ("proposed", ""),
    ]
    with pytest.raises(NotPossible):
        approve_version(first, **case.by(case.other))


def test_two_people_end_the_rule(case):
    require(case)
    asked = end_second_person(case.lab, None, **case.by(case.author))
    assert asked is not None
    assert end_second_person(case.lab, None, **case.by(case.author)) is not None
    assert case.save(5).state == "proposed"
    assert end_second_person(case.lab, None, **case.by(case.other)) is None
    assert not SecondPersonRule.objects.exists()


def test_end_that_was_asked_for_is_off_when_the_rule_is_asked_for_again(case):
    require(case)
    end_second_person(case.lab, None, **case.by(case.author))
    require(case)
    end_second_person(case.lab, None, **case.by(case.other))
    assert SecondPersonRule.objects.count() == 1


def test_approval_is_recorded_with_both_names(case):
    require(case)
    approve_version(case.save(5), **case.by(case.other))
    entry = Entry.objects.filter(kind="config.changed").latest("id")
    data = read_fields([entry])[entry.pk]
    assert data["what"] == "policy night approved"
    assert data["changes"] == ["Night", "version 1 approved"]
    assert (data["author"], data["actor"]["name"]) == (
        "author@aurora.example",
        "other@aurora.example",
    )
