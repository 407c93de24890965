"""Messages of Amazon SNS on their way into the real database."""

import time
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from incidents.events.actor import Actor
from incidents.intake.arrivals import Verdict
from incidents.intake.checking import Checker
from incidents.intake.receive import arrival_of
from incidents.intake.signatures import Proof
from incidents.intake.sources import create_source
from incidents.intake.trust import change_trust
from incidents.intake.trust_kinds import NOT_CONFIRMED, REASONS
from incidents.intake.writer import DeliveryWriter, connect
from incidents.models import Delivery, Refusal, Source
from tests.incidents.intake.intake_world import NOW, make_organisation
from tests.incidents.intake.sns_world import CERTIFICATE, CONFIRM, TOPIC, FakeSns


@pytest.fixture
def sns():
    return FakeSns(at=datetime.now(tz=UTC))


@pytest.fixture
def key(world_database, django_db_blocker):
    with django_db_blocker.unblock():
        organisation = make_organisation()
        actor = Actor.system(organisation)
        source, key = create_source(
            organisation, tool="aws_sns", slug="sns", name="SNS", actor=actor, now=NOW
        )
        wanted = {"verification": "aws_sns", "options": {"topics": TOPIC}}
        change_trust(source, changes=wanted, actor=actor, now=NOW)
        yield key


@pytest.fixture
def checker(key, sns):
    writer = DeliveryWriter(connect)
    yield Checker(writer.store, fetch=sns.fetch)
    writer.close()


def sent(key, body):
    proof = Proof({}.get, body, "192.0.2.1", time.time())
    return arrival_of("aws_sns", key, body=body, headers={}, proof=proof)


def test_subscription_to_a_named_topic_is_confirmed(key, checker, sns):
    body = sns.confirmation()
    told = checker.store(sent(key, body))
    row = Delivery.objects.get()
    assert (told, row.verified_by) == (row.uid, "aws_sns")
    assert sns.asked == [CERTIFICATE, CONFIRM]
    assert b"t0ken" not in bytes(row.body)


def test_confirmation_that_failed_is_tried_again(key, checker, sns):
    answer = sns.published.pop(CONFIRM)
    body = sns.confirmation()
    assert checker.store(sent(key, body)) is NOT_CONFIRMED
    sns.published[CONFIRM] = answer
    assert checker.store(sent(key, body)) == Delivery.objects.get().uid
    assert sns.asked == [CERTIFICATE, CONFIRM, CONFIRM]


def test_subscription_to_another_topic_is_refused_and_not_confirmed(key, checker, sns):
    theirs = "arn:aws:sns:eu-west-1:999999999999:theirs"
    told = checker.store(sent(key, sns.confirmation(TopicArn=theirs)))
    assert told == replace(REASONS["topic_not_taken"], value=theirs)
    assert (sns.asked, Delivery.objects.count()) == ([], 0)
    refusal = Refusal.objects.get()
    assert (refusal.reason, refusal.last_told) == ("topic_not_taken", theirs)


def test_confirmation_to_a_source_that_asks_for_no_proof_fetches_nothing(
    key, checker, sns
):
    source = Source.objects.get()
    actor = Actor.system(source.organisation)
    change_trust(source, changes={"verification": "none"}, actor=actor, now=NOW)
    assert checker.store(sent(key, sns.confirmation())) is Verdict.STORED
    assert sns.asked == []
    assert b"t0ken" not in bytes(Delivery.objects.get().body)
