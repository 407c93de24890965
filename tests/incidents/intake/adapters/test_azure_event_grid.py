import json
from datetime import UTC, datetime

import pytest

from incidents.intake.adapters.azure_event_grid import parse
from incidents.intake.adapters.base import ParsedAlert, Unreadable

AT = datetime(2026, 11, 23, 1, 2, 3, 123456, tzinfo=UTC)
DRIFT = "Microsoft.MachineLearningServices.DatasetDriftDetected"


def drift_of(coefficient):
    data = {"DataDriftId": "d", "DriftCoefficient": coefficient}
    body = [{"eventType": DRIFT, "data": data}]
    return parse(json.dumps(body).encode(), headers={}, options={}).alerts[0]


def test_drift_is_read_whole(read):
    assert read("azure_event_grid/firing-drift").alerts == (
        ParsedAlert(
            dedup_key="azure-drift:d1",
            status="firing",
            title="Dataset drift: Prompts",
            summary="The drift coefficient is 0.83.",
            severity="high",
            started_at=AT,
            event_at=AT,
            labels={
                "DataDriftId": "d1",
                "DataDriftName": "Prompts",
                "DriftCoefficient": "0.83",
                "RunId": "r1",
                "eventType": DRIFT,
                "subject": "datadrifts/d1/runs/r1",
                "topic": "/subscriptions/s1/workspaces/w1",
            },
            group_key="azure-drift:d1",
            group_title="Dataset drift: Prompts",
        ),
    )


@pytest.mark.parametrize(
    ("coefficient", "word"),
    [
        (1, "high"),
        (0.8, "high"),
        (0.79, "medium"),
        (0.5, "medium"),
        (0.1, "low"),
        (0.09, "info"),
        ("0.9", "unknown"),
        (None, "unknown"),
    ],
)
def test_severity_of_a_drift_is_its_coefficient(coefficient, word):
    assert drift_of(coefficient).severity == word


def test_only_the_failed_run_of_a_batch_is_an_alert(outline):
    assert outline("azure_event_grid/runs-and-a-model") == [
        ("azure-run:r2", "firing", "unknown", "Run failed: evals-7")
    ]


def test_batch_without_an_alert_says_why(read):
    delivery = read("azure_event_grid/ignored-validation")
    assert delivery.alerts == ()
    assert delivery.ignored == (
        "Event Grid asked whether this address wants its events, and was told that it "
        "does."
    )


def test_key_of_a_vault_expires_and_is_renewed(outline):
    key = "azure-vault:vault:Key:signing"
    assert outline("azure_event_grid/vault-key-expires-and-is-renewed") == [
        (key, "firing", "low", "Key signing of vault expires soon"),
        (key, "firing", "high", "Key signing of vault has expired"),
        (key, "resolved", "unknown", "Key signing of vault is renewed"),
    ]


def test_event_in_the_cloudevents_schema_is_read(outline):
    assert outline("azure_event_grid/resolved-health-as-cloud-event") == [
        (
            "azure-health:/subscriptions/s1/vm/vault-1",
            "resolved",
            "unknown",
            "vault-1: Available",
        )
    ]


def test_any_other_event_fires_for_its_subject(outline):
    subject = "/blobServices/default/containers/checkpoints"
    kind = "Microsoft.Storage.BlobDeleted"
    assert outline("azure_event_grid/firing-other-event") == [
        (
            f"azure-grid:/subscriptions/s1/workspaces/w1:{subject}:{kind}",
            "firing",
            "unknown",
            f"{kind}: {subject}",
        )
    ]


def test_malformed_payload_is_unreadable(read):
    with pytest.raises(Unreadable) as caught:
        read("azure_event_grid/malformed-without-type")
    assert str(caught.value) == (
        "body[0].eventType: found nothing; send events of Event Grid, each with its type"
    )


def test_event_that_is_no_object_is_unreadable():
    with pytest.raises(Unreadable, match=r"^body\[1\]: found .7.; send a JSON object"):
        parse(b'[{"eventType": "x"}, 7]', headers={}, options={})
