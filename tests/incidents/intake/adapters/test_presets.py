from datetime import UTC, datetime

import pytest

from incidents.intake.adapters.base import ParsedAlert, Unreadable
from incidents.intake.adapters.paths import parse_path
from incidents.intake.adapters.presets import PRESETS

AT = datetime(2026, 11, 23, 1, 2, 3, tzinfo=UTC)


def test_alert_of_a_preset_is_read_whole(read):
    assert read("langfuse/firing").alerts == (
        ParsedAlert(
            dedup_key="key:m1",
            status="firing",
            title="Cost doubled",
            summary="40 USD an hour.",
            severity="high",
            started_at=AT,
            event_at=AT,
            labels={"project": "p1", "view": "traces", "window": "1h"},
            url="https://langfuse.aurora.example/m1",
            group_key="key:m1",
            group_title="Cost doubled",
        ),
    )
    assert read("langfuse/firing").alerts[0].severity_told == "ALERT"


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("langfuse/resolved", ("key:m1", "resolved", "unknown", "Cost doubled")),
        ("langfuse/firing-no-data", ("key:m1", "firing", "unknown", "Cost doubled")),
        ("huggingface/firing", ("key:d1", "firing", "info", "Weights contain a key")),
        (
            "huggingface/resolved",
            ("key:d1", "resolved", "info", "Weights contain a key"),
        ),
        (
            "wandb/firing",
            (
                "key:aurora/train/RUN_METRIC/",
                "firing",
                "high",
                "RUN_METRIC in aurora/train",
            ),
        ),
        (
            "netdata/firing",
            (
                "key:Aurora/disk.sda/disk_full",
                "firing",
                "medium",
                "Disk of gpu-7 is full",
            ),
        ),
        (
            "netdata/resolved",
            (
                "key:Aurora/disk.sda/disk_full",
                "resolved",
                "unknown",
                "Disk of gpu-7 is full",
            ),
        ),
        (
            "netdata/firing-unreachable",
            (
                "key:gpu-7/https://app.netdata.cloud/n/1",
                "firing",
                "critical",
                "gpu-7 is gone",
            ),
        ),
        (
            "netdata/resolved-reachable",
            (
                "key:gpu-7/https://app.netdata.cloud/n/1",
                "resolved",
                "info",
                "gpu-7 is back",
            ),
        ),
        (
            "graylog/firing-event",
            ("key:ed1/eve", "firing", "high", "Many refused sign-ins"),
        ),
        ("graylog/resolved-stream", ("key:c1", "resolved", "unknown", "Errors")),
        (
            "checkmk/firing",
            ("key:north/gpu-7/Disk", "firing", "critical", "gpu-7 Disk is CRITICAL"),
        ),
        (
            "checkmk/resolved",
            ("key:north/gpu-7/Disk", "resolved", "unknown", "gpu-7 Disk is OK"),
        ),
        (
            "checkmk/firing-host",
            ("key:north/gpu-7", "firing", "critical", "gpu-7 is DOWN"),
        ),
    ],
)
def test_body_of_a_preset_has_its_meaning(outline, name, expected):
    assert outline(name) == [expected]


def test_drift_and_failed_run_are_picked_from_a_list(outline):
    assert outline("azure_ml/firing-drift-and-failed-run") == [
        ("key:d1", "firing", "unknown", "Prompts"),
        ("key:r2", "firing", "unknown", "evals-7"),
    ]


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        (
            "azure_ml/ignored-validation",
            "Event Grid asked whether this address wants its events, and was told that "
            "it does.",
        ),
        ("azure_ml/ignored-model", "No data set has drifted and no run has failed."),
        ("langfuse/ignored-prompt", "The event is no alert of a monitor."),
        (
            "huggingface/ignored-push",
            "A repository has changed; nobody has written about it.",
        ),
        (
            "netdata/ignored-verification",
            "Netdata verifies the address: enter the token of this body there.",
        ),
        (
            "checkmk/ignored-downtime",
            "A downtime or flapping began or ended; the state has not changed.",
        ),
    ],
)
def test_known_body_without_an_alert_says_why(read, name, reason):
    delivery = read(name)
    assert (delivery.alerts, delivery.ignored) == ((), reason)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        (
            "azure_ml/malformed-no-events",
            "body: found a list of 1; send what Azure Machine Learning (data drift, "
            "failed runs) posts",
        ),
        (
            "langfuse/malformed-no-title",
            "title: found nothing; send a title, or map one in the source's settings",
        ),
        (
            "huggingface/malformed-no-event",
            "body: found an object with 1 keys; send what Hugging Face posts",
        ),
        (
            "wandb/malformed-no-title",
            "body: found an object with 1 keys; send what Weights & Biases posts",
        ),
        (
            "netdata/malformed-nothing",
            "body: found an object with 1 keys; send what Netdata Cloud posts",
        ),
        (
            "graylog/malformed-nothing",
            "body: found an object with 1 keys; send what Graylog posts",
        ),
        (
            "checkmk/malformed-no-type",
            "body: found an object with 1 keys; send what Checkmk posts",
        ),
    ],
)
def test_malformed_payload_is_unreadable(read, name, message):
    with pytest.raises(Unreadable) as caught:
        read(name)
    assert str(caught.value) == message


def test_label_whose_name_tells_of_a_secret_is_left_out(read):
    [alert] = read("wandb/firing").alerts
    assert alert.labels["author"] == "eve"
    assert "secret_token" not in alert.labels


@pytest.mark.parametrize("preset", PRESETS, ids=lambda preset: preset.tool)
def test_paths_of_a_preset_are_good(preset):
    for shape in preset.shapes:
        for path in (shape.when, *shape.mapping.values()):
            parse_path(path)
        assert bool(shape.mapping) != bool(shape.ignored)
