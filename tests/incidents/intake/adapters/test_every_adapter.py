import doctest
import importlib
import json
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from incidents.intake.adapters.base import (
    MAX_KEY,
    MAX_LABELS,
    MAX_SUMMARY,
    MAX_TITLE,
    ParsedDelivery,
    Status,
    Unreadable,
)
from incidents.intake.adapters.registry import ADAPTERS, TOOL_CHOICES
from incidents.intake.trials import trial_body

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
ROOT = Path(__file__).parents[4]
OWN = ROOT / "tests/payloads"
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
content_types = st.sampled_from(
    [
        "",
        "application/json",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=b",
        "multipart/form-data",
    ]
)


def places_in(value, place=()):
    """List the places of all values in a document, that of the document first."""
    items = {}
    if isinstance(value, dict):
        items = value
    elif isinstance(value, list):
        items = dict(enumerate(value))
    inner = [p for key, item in items.items() for p in places_in(item, (*place, key))]
    return [place, *inner]


@st.composite
def spoilt(draw, documents_of_tool):
    """Draw a body of the tool in which one to three values are taken out or replaced."""
    document = json.loads(json.dumps(draw(st.sampled_from(documents_of_tool))))
    for _ in range(draw(st.integers(1, 3))):
        places = places_in(document)[1:]
        if not places:
            break
        *way, last = draw(st.sampled_from(places))
        holder = document
        for key in way:
            holder = holder[key]
        if draw(st.booleans()):
            del holder[last]
        else:
            holder[last] = draw(documents)
    return json.dumps(document).encode()


def payloads_of(tool):
    return [json.loads(p.read_bytes()) for p in sorted((OWN / tool).glob("*.json"))]


def parse_or_refuse(tool, body, options, headers=None):
    try:
        return ADAPTERS[tool].parse(body, headers=headers or {}, options=options)
    except Unreadable:
        return ParsedDelivery(alerts=())


def assert_storable(alert):
    texts = [alert.dedup_key, alert.group_key, alert.title, alert.summary]
    texts += [alert.group_title, alert.url, *alert.labels, *alert.labels.values()]
    for text in texts:
        assert "\x00" not in text
        text.encode()
    assert alert.status in get_args(Status)
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
def test_spoilt_body_of_the_tool_is_parsed_or_unreadable(tool):
    @settings(max_examples=80, deadline=None)
    @given(spoilt(payloads_of(tool)), content_types)
    def check(body, content_type):
        headers = {"content-type": content_type}
        for alert in parse_or_refuse(tool, body, {}, headers).alerts:
            assert_storable(alert)

    check()


@pytest.mark.parametrize("tool", ADAPTERS)
def test_worked_example_of_the_tool_is_right(tool):
    module = importlib.import_module(ADAPTERS[tool].parse.__module__)
    results = doctest.testmod(module)
    assert results.attempted > 0
    assert results.failed == 0


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


@pytest.mark.parametrize("tool", ADAPTERS)
def test_trial_is_one_alert_of_severity_info_and_stays_one(tool):
    adapter = ADAPTERS[tool]
    keys = set()
    for minute in (0, 1):
        body = trial_body(adapter, mapping={}, now=NOW + timedelta(minutes=minute))
        [alert] = adapter.parse(
            body, headers=adapter.trial_headers or {}, options={}
        ).alerts
        assert (alert.status, alert.severity) == ("firing", "info")
        keys.add(alert.dedup_key)
    assert len(keys) == 1


@pytest.mark.parametrize("tool", ADAPTERS)
def test_adapter_says_who_it_is_and_how_it_is_set_up(tool):
    adapter = ADAPTERS[tool]
    assert adapter.tool == tool
    assert re.fullmatch(r"[a-z0-9_-]{1,30}", tool)
    assert adapter.name
    assert adapter.setup.endswith(".")
    assert tool == "generic" or adapter.docs_url.startswith("https://")
    assert all(name == name.lower() for name in adapter.headers)


def test_every_tool_has_its_section_in_the_order_of_names():
    page = (ROOT / "docs/howto/connect-a-tool.md").read_text()
    sections = re.findall(r"^## (.+), `(.+)`$", page, re.MULTILINE)
    assert sections == sorted(sections, key=lambda section: section[0].lower())
    assert {tool: name for name, tool in sections}.keys() == ADAPTERS.keys()


def test_registry_names_each_tool_once():
    assert [(a.tool, a.name) for a in ADAPTERS.values()] == TOOL_CHOICES
    assert len({name for _, name in TOOL_CHOICES}) == len(TOOL_CHOICES)
    assert TOOL_CHOICES[-1][0] == "generic"
