import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from incidents.intake.adapters.base import (
    MAX_KEY,
    MAX_LABELS,
    MAX_SUMMARY,
    MAX_TITLE,
    ParsedDelivery,
    Unreadable,
)
from incidents.intake.adapters.registry import ADAPTERS, TOOL_CHOICES

ROOT = Path(__file__).parents[4]
OWN = ROOT / "tests/payloads"
# Bodies as the tools' makers publish them; kept beside the checkout, not in it.
PUBLISHED = ROOT.parent / "shared/payloads"
MAPPING = {"alerts": "alerts", "title": "labels.title", "labels": "labels"}

KEYS = sorted(
    {"alerts", "labels", "annotations", "status", "startsAt", "endsAt", "groupKey"}
    | {"fingerprint", "truncatedAlerts", "groupLabels", "commonLabels", "state"}
    | {"ruleId", "ruleUrl", "ruleName", "evalMatches", "tags", "orgId", "alertname"}
    | {"title", "dedup_key", "started_at", "ended_at", "url", "severity", "summary"}
    | {"group_key", "group_title", "test", "rulename", "instance", "panelURL"}
)
WORDS = ["firing", "resolved", "alerting", "ok", "TestAlert", "DatasourceNoData"]
WORDS += [
    "https://a.example:bad/",
    "http://[",
    "0001-01-01T00:00:00Z",
    "{}:{}",
    "\ud800\x00\r\nB",
]

scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(10**25), 10**25),
    st.floats(),
    st.text(max_size=8),
    st.sampled_from(WORDS),
)
documents = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(KEYS) | st.text(max_size=4), inner, max_size=8
        )
    ),
    max_leaves=12,
)
messages = st.fixed_dictionaries(
    {},
    optional=dict.fromkeys(KEYS, documents)
    | {"alerts": st.lists(st.dictionaries(st.sampled_from(KEYS), documents))},
)
bodies = st.one_of(
    st.binary(max_size=80), (messages | documents).map(lambda m: json.dumps(m).encode())
)


def parse_or_refuse(tool, body, options):
    try:
        return ADAPTERS[tool].parse(body, headers={}, options=options)
    except Unreadable:
        return ParsedDelivery(alerts=())


def assert_storable(alert):
    texts = [alert.dedup_key, alert.group_key, alert.title, alert.summary]
    texts += [alert.group_title, alert.url, *alert.labels, *alert.labels.values()]
    for text in texts:
        assert "\x00" not in text
        text.encode()
    assert alert.status in ("firing", "resolved")
    assert 0 < len(alert.title) <= MAX_TITLE
    assert len(alert.group_title) <= MAX_TITLE
    assert len(alert.summary) <= MAX_SUMMARY
    assert 0 < len(alert.dedup_key) <= MAX_KEY
    assert 0 < len(alert.group_key) <= MAX_KEY
    assert len(alert.labels) <= MAX_LABELS
    assert "\n" not in alert.title
    assert "\r" not in alert.title


@pytest.mark.parametrize("tool", ADAPTERS)
@pytest.mark.parametrize("options", [{}, {"mapping": MAPPING}])
def test_any_body_is_parsed_or_unreadable_and_never_anything_else(tool, options):
    @settings(max_examples=60, deadline=None)
    @given(bodies)
    def check(body):
        for alert in parse_or_refuse(tool, body, options).alerts:
            assert_storable(alert)

    check()


@pytest.mark.parametrize("tool", ADAPTERS)
def test_tool_has_one_malformed_payload_and_the_others_parse(tool):
    malformed = 0
    for path in sorted((OWN / tool).glob("*.json")):
        if path.name.startswith("malformed"):
            malformed += 1
            with pytest.raises(Unreadable):
                ADAPTERS[tool].parse(path.read_bytes(), headers={}, options={})
        elif path.stem != "other-shape":
            ADAPTERS[tool].parse(path.read_bytes(), headers={}, options={})
    assert malformed == 1


@pytest.mark.parametrize("tool", ["alertmanager", "grafana"])
def test_published_bodies_parse(tool, capsys):
    folder = PUBLISHED / tool
    if not folder.is_dir():
        pytest.skip(f"no published bodies beside the checkout for {tool}")
    paths = sorted(folder.glob("*.json"))
    for path in paths:
        delivery = ADAPTERS[tool].parse(path.read_bytes(), headers={}, options={})
        assert len(delivery.alerts) == 1
        assert_storable(delivery.alerts[0])
    with capsys.disabled():
        print(  # noqa: T201 (says how much was checked)
            f"\n{tool}: read {len(paths)} published bodies"
        )
    assert paths


def test_published_severities_and_states_are_understood():
    found = {
        (path.stem, alert.status, alert.severity)
        for tool in ("alertmanager", "grafana")
        for path in (PUBLISHED / tool).glob("*.json")
        for alert in ADAPTERS[tool]
        .parse(path.read_bytes(), headers={}, options={})
        .alerts
    }
    if not found:
        pytest.skip("no published bodies beside the checkout")
    assert found >= {
        ("firing-failed-connect-v3-numeric-groupkey", "firing", "critical"),
        ("firing-thing-dead-v4", "firing", "critical"),
        ("resolved-instance-down", "resolved", "critical"),
        ("legacy-alerting-cpu", "firing", "unknown"),
        ("legacy-ok-cpu", "resolved", "unknown"),
        ("unified-resolved-load-avg", "resolved", "unknown"),
    }


def test_registry_names_each_tool_once():
    assert TOOL_CHOICES == [
        ("alertmanager", "Prometheus Alertmanager"),
        ("grafana", "Grafana Alerting"),
        ("generic", "Any tool that sends JSON"),
    ]
    assert all(adapter.docs for adapter in ADAPTERS.values())
