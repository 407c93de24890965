"""Fields that an adapter does not know become labels, so that routes can ask for them."""

import json
from pathlib import Path

import pytest

from incidents.intake.adapters.registry import ADAPTERS

PAYLOADS = Path(__file__).parents[3] / "payloads"


@pytest.mark.parametrize(
    ("payload", "place", "label"),
    [
        ("checkly/firing", [], "tier"),
        ("datadog/firing", [], "tier"),
        ("falco/firing", ["output_fields"], "tier"),
        ("github/code-scanning-created", ["alert"], "tier"),
        ("newrelic/firing", [], "tier"),
        ("opsgenie/firing", ["alert", "details"], "tier"),
        ("sentry/issue-created", ["data", "issue", "metadata"], "metadata.tier"),
        ("site24x7/firing", [], "tier"),
        ("thousandeyes/firing", ["alert"], "tier"),
        ("wazuh/firing", ["data"], "data.tier"),
        ("zabbix/firing", [], "tier"),
        ("zenduty/firing", ["payload", "incident"], "tier"),
    ],
)
def test_own_field_becomes_a_label_unless_it_is_a_secret(payload, place, label):
    document = json.loads((PAYLOADS / f"{payload}.json").read_bytes())
    holder = document
    for key in place:
        holder = holder.setdefault(key, {})
    holder |= {"tier": "gold", "api_token": "do-not-keep"}
    parse = ADAPTERS[payload.partition("/")[0]].parse
    [alert] = parse(json.dumps(document).encode(), headers={}, options={}).alerts
    assert alert.labels[label] == "gold"
    assert "do-not-keep" not in alert.labels.values()


def test_custom_field_of_pagerduty_becomes_a_label():
    document = json.loads((PAYLOADS / "pagerduty/firing.json").read_bytes())
    fields = [{"name": "tier", "value": "gold"}]
    document["event"]["data"]["custom_fields"] = fields
    body = json.dumps(document).encode()
    [alert] = ADAPTERS["pagerduty"].parse(body, headers={}, options={}).alerts
    assert alert.labels["tier"] == "gold"
