"""Messages of Amazon SNS: who signed them, for which topic, and the handshake."""

import json
from datetime import UTC, datetime

import pytest

from incidents.intake.certificates import Certificates
from incidents.intake.receive import arrival_of
from incidents.intake.signatures import Check, Finding, Proof, examine
from incidents.intake.sns_signature import (
    canonical,
    certificate_address,
    confirmation_address,
)
from tests.incidents.intake.sns_world import CERTIFICATE, CONFIRM, TOPIC, FakeSns

AT = datetime(2026, 11, 23, 12, tzinfo=UTC)


@pytest.fixture(scope="module")
def sns():
    return FakeSns(at=AT)


def found(sns, body, *, topics=TOPIC, seconds=0, certificates=None):
    check = Check(
        "aws_sns",
        options={"topics": topics},
        certificate=(certificates or Certificates(sns.fetch)).get,
    )
    at = AT.timestamp() + seconds
    return examine(check, Proof({}.get, body, "", at))


def altered(body, **changed):
    return json.dumps({**json.loads(body), **changed}).encode()


def test_signed_message_is_taken_once_by_its_id(sns):
    once = "22b80b92-fdea-4c2c-8f9d-bdfb0c7bf324"
    assert found(sns, sns.notification()) == Finding(once=once)
    assert found(sns, sns.notification(Subject="Alarm")) == Finding(once=once)
    assert found(sns, sns.notification(version="1")) == Finding(once=once)
    assert found(sns, sns.confirmation()) == Finding(once=once)


@pytest.mark.parametrize(
    "changed",
    [
        {"Message": "Disk empty"},
        {"MessageId": "another"},
        {"Subject": "added"},
        {"Timestamp": "2026-11-23T12:00:01.000Z"},
        {"SignatureVersion": "1"},
        {"SignatureVersion": "3"},
        {"Signature": "%%"},
    ],
)
def test_altered_message_is_refused(sns, changed):
    body = altered(sns.notification(), **changed)
    assert found(sns, body).reason == "signature_wrong"


def test_message_signed_by_another_key_is_refused(sns):
    other = FakeSns(at=AT)
    certificates = Certificates(sns.fetch)
    body = other.notification()
    assert found(sns, body, certificates=certificates).reason == "signature_wrong"


@pytest.mark.parametrize(
    ("topics", "reason"),
    [
        (TOPIC, ""),
        (f"arn:aws:sns:eu-west-1:1:x {TOPIC}", ""),
        ("arn:aws:sns:eu-west-1:123456789012:*", ""),
        ("arn:aws:sns:eu-west-1:123456789012:alarm", "topic_not_taken"),
        ("arn:aws:sns:eu-west-1:999999999999:*", "topic_not_taken"),
    ],
)
def test_topics_in_the_list_are_taken(sns, topics, reason):
    assert found(sns, sns.notification(), topics=topics).reason == reason


def test_text_of_another_topic_does_not_pass_for_fields_of_one_that_is_taken(sns):
    mine, theirs = "arn:aws:sns:eu-west-1:666666666666:mine", TOPIC
    at = "2026-11-23T12:00:00.000Z"
    inner = f"MessageId\nforged\nTimestamp\n{at}\nTopicArn\n{theirs}"
    signed = sns.notification(f"All is well\n{inner}", TopicArn=mine, MessageId="real")
    rest = f"MessageId\nreal\nTimestamp\n{at}\nTopicArn\n{mine}"
    forged = altered(
        signed,
        Message="All is well",
        MessageId="forged",
        TopicArn=f"{theirs}\n{rest}",
    )
    assert canonical(json.loads(forged)) == canonical(json.loads(signed))
    star = "arn:aws:sns:eu-west-1:123456789012:*"
    assert found(sns, forged, topics=star).reason == "signature_wrong"
    assert found(sns, signed, topics=star).reason == "topic_not_taken"


@pytest.mark.parametrize(
    "changed",
    [
        {"Subject": "one\nMessageId"},
        {"MessageId": "one\nTimestamp"},
        {"MessageId": 7},
        {"Message": ["Disk full"]},
        {"Timestamp": None},
        {"TopicArn": None},
    ],
)
def test_signed_field_that_sns_never_sends_is_refused(sns, changed):
    assert found(sns, sns.notification(**changed)).reason == "signature_wrong"


def test_topic_that_is_no_plain_arn_is_not_taken(sns):
    body = sns.notification(TopicArn=f"{TOPIC} {TOPIC}")
    star = "arn:aws:sns:eu-west-1:123456789012:*"
    assert found(sns, body, topics=star).reason == "topic_not_taken"


def test_certificate_is_not_fetched_for_what_is_refused_anyway(sns):
    asked = len(sns.asked)
    found(sns, sns.notification(TopicArn="arn:aws:sns:eu-west-1:1:theirs"))
    found(sns, sns.notification(), seconds=4000)
    found(sns, sns.notification(SigningCertURL="https://evil.example/a.pem"))
    assert len(sns.asked) == asked


@pytest.mark.parametrize(
    ("seconds", "reason"),
    [
        (3600, ""),
        (3601, "timestamp_outside"),
        (-300, ""),
        (-301, "timestamp_outside"),
    ],
)
def test_message_of_another_time_is_refused(sns, seconds, reason):
    assert found(sns, sns.notification(), seconds=seconds).reason == reason


def test_certificate_out_of_its_time_is_refused(sns):
    later = FakeSns(at=AT)
    later.at = datetime(2026, 11, 26, 12, tzinfo=UTC)
    body = later.notification()
    seconds = (later.at - AT).total_seconds()
    certificates = Certificates(later.fetch)
    refused = found(later, body, seconds=seconds, certificates=certificates)
    assert refused.reason == "signature_wrong"


def test_body_that_is_no_message_of_sns_is_refused(sns):
    assert found(sns, b"plain text").reason == "signature_missing"
    assert found(sns, b'{"Type": "Other"}').reason == "signature_missing"
    assert found(sns, b'{"Type": []}').reason == "signature_missing"
    assert found(sns, None).reason == "too_large_to_check"


@pytest.mark.parametrize(
    "address",
    [
        "http://sns.eu-west-1.amazonaws.com/a.pem",
        "https://sns.eu-west-1.amazonaws.com.evil.example/a.pem",
        "https://sns.eu-west-1.amazonaws.com@evil.example/a.pem",
        "https://evil.example/sns.eu-west-1.amazonaws.com/a.pem",
        "https://sns.eu-west-1.amazonaws.com:8443/a.pem",
        "https://sns.eu-west-1.amazonaws.com/a.txt",
        "https://sns.eu-west-1.amazonaws.com/b/../a.pem",
        "https://s3.eu-west-1.amazonaws.com/a.pem",
        "https://sns.eu-west-1.amazonaws.com/a.pem?n=1",
        "https://sns.eu-west-1.amazonaws.com/a.pem#1",
        "https://[::1/a.pem",
        None,
    ],
)
def test_certificate_elsewhere_is_not_fetched(address):
    assert certificate_address({"SigningCertURL": address}) == ""


def test_addresses_of_sns_are_fetched():
    assert certificate_address({"SigningCertURL": CERTIFICATE}) == CERTIFICATE
    china = "https://sns.cn-north-1.amazonaws.com.cn/a.pem"
    assert certificate_address({"SigningCertURL": china}) == china
    odd = "https://SNS.EU-WEST-1.amazonaws.com:443/a.pem"
    plain = "https://sns.eu-west-1.amazonaws.com/a.pem"
    assert certificate_address({"SigningCertURL": odd}) == plain
    asked = {"Type": "SubscriptionConfirmation", "SubscribeURL": CONFIRM}
    assert confirmation_address(asked) == CONFIRM
    assert confirmation_address({**asked, "Type": "UnsubscribeConfirmation"}) == ""
    assert confirmation_address({**asked, "SubscribeURL": "https://e.example/"}) == ""


def test_certificate_is_fetched_once_and_not_again_soon_after_a_failure(sns):
    asked = []
    published = {}

    def fetch(address):
        asked.append(address)
        return published.get(address)

    certificates = Certificates(fetch)
    body = sns.notification()
    for _ in range(2):
        refused = found(sns, body, certificates=certificates)
        assert refused.reason == "certificate_not_had"
    assert asked == [CERTIFICATE]
    published[CERTIFICATE] = sns.published[CERTIFICATE]
    fresh = Certificates(fetch)
    for _ in range(3):
        assert found(sns, body, certificates=fresh).reason == ""
    assert asked == [CERTIFICATE] * 2


def test_stored_confirmation_holds_no_token(sns):
    body = sns.confirmation()
    arrival = arrival_of("aws_sns", "key", body=body, headers={})
    assert arrival.body is not None
    assert b"t0ken" not in arrival.body
    kept = json.loads(arrival.body)
    assert (kept["Type"], kept["TopicArn"]) == ("SubscriptionConfirmation", TOPIC)
    assert arrival.size_bytes == len(body)
    notification = sns.notification("SubscribeURL is a word here")
    assert (
        arrival_of("aws_sns", "k", body=notification, headers={}).body == notification
    )
