"""List the tools that are read by tables of paths and words, without code of their own.

What Netdata posts names no node, only in the words of its message and its address, so
space, chart and alert are the key:
https://learn.netdata.cloud/docs/alerts-&-notifications/notifications/centralized-cloud-notifications/webhook

>>> body = b'{"type": "monitor-alert", "payload": {"monitorId": "m1", "severity": \
"WARNING", "message": {"title": "Cost doubled"}}}'
>>> alert = ADAPTERS["langfuse"].parse(body, headers={}, options={}).alerts[0]
>>> alert.dedup_key, alert.status, alert.severity
('key:m1', 'firing', 'medium')
"""

from incidents.intake.adapters.adapter import Adapter
from incidents.intake.adapters.azure_event_grid import (
    VALIDATION_EVENT,
    VALIDATION_REASON,
)
from incidents.intake.adapters.preset_reading import Preset, Shape, adapter_of

_DRIFT = "Microsoft.MachineLearningServices.DatasetDriftDetected"

AZURE_ML = Preset(
    "azure_ml",
    "Azure Machine Learning (data drift, failed runs)",
    docs_url="https://learn.microsoft.com/azure/machine-learning/how-to-use-event-grid",
    setup="Under Events of the workspace, add an event subscription for Dataset drift "
    "detected and Run status changed with endpoint type Webhook and the address below. "
    "The validation that Azure then asks for is answered by itself.",
    snippet="az eventgrid event-subscription create --name tocsin \\\n"
    "  --source-resource-id WORKSPACE_ID --endpoint '{url}' \\\n"
    f"  --included-event-types {_DRIFT} \\\n"
    "    Microsoft.MachineLearningServices.RunStatusChanged",
    shapes=(
        Shape(
            when=f"$[?@.eventType == '{_DRIFT}' || @.data.runStatus == 'Failed']",
            mapping={
                "alerts": f"$[?@.eventType == '{_DRIFT}' "
                "|| @.data.runStatus == 'Failed']",
                "title": "$.data['DataDriftName', 'experimentName', 'runId', 'name']",
                "dedup_key": "$.data['DataDriftId', 'runId']",
                "severity": "$.data.severity",
                "summary": "$.eventType",
                "started_at": "$.eventTime",
                "labels": "$.data",
                "labels.subject": "$.subject",
                "labels.workspace": "$.topic",
            },
        ),
        Shape(
            when=f"$[?@.eventType == '{VALIDATION_EVENT}']",
            ignored=VALIDATION_REASON,
        ),
        Shape(
            when="$[?@.eventType]",
            ignored="No data set has drifted and no run has failed.",
        ),
    ),
    sends_resolved=False,
)

LANGFUSE = Preset(
    "langfuse",
    "Langfuse",
    docs_url="https://langfuse.com/docs/observability/features/monitors",
    setup="Under Settings, Automations, add a webhook for monitor alerts with the address "
    "below, and choose it in the monitors.",
    shapes=(
        Shape(
            when="$.payload.monitorId",
            mapping={
                "title": "$.payload.message.title",
                "summary": "$.payload.message.body",
                "dedup_key": "$.payload.monitorId",
                "status": "$.payload.severity",
                "severity": "$.payload.severity",
                "started_at": "$.payload.timestamp",
                "ended_at": "$.payload.timestamp",
                "url": "$.payload.permalink",
                "labels.project": "$.payload.projectId",
                "labels.view": "$.payload.view",
                "labels.window": "$.payload.window",
            },
            statuses={"ok": "resolved"},
            severities={"alert": "high", "ok": "", "no_data": ""},
        ),
        Shape(when="$.type", ignored="The event is no alert of a monitor."),
    ),
)

HUGGING_FACE = Preset(
    "huggingface",
    "Hugging Face",
    docs_url="https://huggingface.co/docs/hub/webhooks",
    setup="Under Settings, Webhooks, add a webhook with the address below for the "
    "repositories to watch, and choose the events of discussions and pull requests.",
    shapes=(
        Shape(
            when="$.discussion.id",
            mapping={
                "title": "$.discussion.title",
                "summary": "$.comment.content",
                "dedup_key": "$.discussion.id",
                "status": "$.discussion.status",
                "severity": "$.discussion.severity",
                "url": "$.discussion.url.web",
                "group_key": "$.repo.name",
                "group_title": "$.repo.name",
                "labels.repo": "$.repo.name",
                "labels.repo_type": "$.repo.type",
                "labels.number": "$.discussion.num",
                "labels.is_pull_request": "$.discussion.isPullRequest",
                "labels.action": "$.event.action",
                "labels.scope": "$.event.scope",
            },
            statuses={"closed": "resolved", "merged": "resolved", "draft": "firing"},
            severities={"": "info"},
        ),
        Shape(
            when="$.event.scope",
            ignored="A repository has changed; nobody has written about it.",
        ),
    ),
)

WANDB = Preset(
    "wandb",
    "Weights & Biases",
    docs_url="https://docs.wandb.ai/guides/core/automations/create-automations/webhook/",
    setup="In the team's settings add a webhook with the address below, then an "
    "automation with that webhook and the template as its payload. Write the severity "
    "that it is to have into the template.",
    snippet='URL: {url}\n\n{\n  "title": "${event_type} in ${entity_name}/'
    '${project_name}",\n  "dedup_key": "${entity_name}/${project_name}/${event_type}/'
    '${artifact_collection_name}",\n  "severity": "medium",\n'
    '  "event_type": "${event_type}",\n  "author": "${event_author}",\n'
    '  "entity": "${entity_name}",\n  "project": "${project_name}",\n'
    '  "artifact": "${artifact_version_string}"\n}',
    shapes=(
        Shape(
            when="$.title",
            mapping={
                "title": "$.title",
                "dedup_key": "$.dedup_key",
                "status": "$.status",
                "severity": "$.severity",
                "summary": "$['summary', 'message']",
                "url": "$.url",
                "labels": "$",
            },
        ),
    ),
    sends_resolved=False,
)

NETDATA = Preset(
    "netdata",
    "Netdata Cloud",
    docs_url="https://learn.netdata.cloud/docs/alerts-&-notifications/notifications/"
    "centralized-cloud-notifications/webhook",
    setup="Under Space settings, Alerts & Notifications, add a configuration of type "
    "Webhook with the address below. Netdata first posts a token: the delivery is shown "
    "here as ignored; enter the token of its body there.",
    shapes=(
        Shape(
            when="$.alert",
            mapping={
                "title": "$['message', 'alert']",
                "summary": "$.info",
                "dedup_key": "$['space', 'host', 'chart', 'alert']",
                "status": "$.severity",
                "severity": "$.severity",
                "started_at": "$.date",
                "ended_at": "$.date",
                "url": "$.alert_url",
                "labels": "$",
            },
            statuses={"clear": "resolved"},
            severities={"clear": ""},
        ),
        Shape(
            when="$.status.reachable",
            mapping={
                "title": "$['message', 'host']",
                "dedup_key": "$['host', 'url']",
                "status": "$.status.reachable",
                "severity": "$.severity",
                "url": "$.url",
                "labels.host": "$.host",
            },
            statuses={"true": "resolved", "false": "firing"},
        ),
        Shape(
            when="$.token",
            ignored="Netdata verifies the address: enter the token of this body there.",
        ),
    ),
)

GRAYLOG = Preset(
    "graylog",
    "Graylog",
    docs_url="https://go2docs.graylog.org/current/interacting_with_your_log_data/"
    "notifications.html",
    setup="Under Alerts, Notifications, add an HTTP Notification with the address below, "
    "allow the address under URL whitelist, and choose the notification in the event "
    "definitions.",
    shapes=(
        Shape(
            when="$.event.event_definition_id",
            mapping={
                "title": "$['event_definition_title', 'event_definition_description']",
                "summary": "$.event.message",
                "dedup_key": "$.event['event_definition_id', 'key']",
                "severity": "$.event.priority",
                "started_at": "$.event.timestamp",
                "labels": "$.event.fields",
                "labels.source": "$.event.source",
                "labels.definition": "$.event_definition_id",
            },
            severities={"1": "low", "2": "medium", "3": "high", "4": "critical"},
        ),
        Shape(
            when="$.check_result.triggered_condition.id",
            mapping={
                "title": "$.stream['title', 'description']",
                "summary": "$.check_result.result_description",
                "dedup_key": "$.check_result.triggered_condition.id",
                "status": "$.check_result.triggered",
                "started_at": "$.check_result.triggered_at",
                "labels.stream": "$.stream.title",
                "labels.condition": "$.check_result.triggered_condition.type",
            },
            statuses={"true": "firing", "false": "resolved"},
        ),
    ),
    sends_resolved=False,
)

_CHECKMK_SCRIPT = """#!/usr/bin/env python3
# Tocsin
import json, os, urllib.request

def get(name):
    return os.environ.get("NOTIFY_" + name, "")

what = get("WHAT")
urllib.request.urlopen("{url}", json.dumps({
    "site": get("OMD_SITE"), "host": get("HOSTNAME"), "service": get("SERVICEDESC"),
    "what": what, "notification_type": get("NOTIFICATIONTYPE"),
    "severity": get(what + "STATE"), "output": get(what + "OUTPUT"),
    "summary": " ".join(filter(None, [get("HOSTNAME"), get("SERVICEDESC"), "is",
                                      get(what + "STATE")])),
}).encode())
"""
_CHECKMK_PEOPLE = "Somebody in Checkmk has taken note; the state has not changed."
_CHECKMK_DOWNTIME = "A downtime or flapping began or ended; the state has not changed."

CHECKMK = Preset(
    "checkmk",
    "Checkmk",
    docs_url="https://docs.checkmk.com/latest/en/notifications.html#scripts",
    setup="Save the script below as local/share/check_mk/notifications/tocsin of the site, "
    "make it executable, and add a notification rule with the method Tocsin.",
    snippet=_CHECKMK_SCRIPT,
    shapes=(
        Shape(
            when="$.notification_type",
            mapping={
                "title": "$['summary', 'service', 'host']",
                "summary": "$['output', 'long_output']",
                "dedup_key": "$['site', 'host', 'service']",
                "status": "$.notification_type",
                "severity": "$['severity', 'status']",
                "url": "$.url",
                "labels": "$",
            },
            statuses={"problem": "firing", "recovery": "resolved"},
            severities={
                "down": "critical",
                "unreach": "high",
                "unreachable": "high",
                "crit": "critical",
                "unknown": "medium",
                "ok": "",
                "up": "",
            },
            ignored_states={
                "acknowledgement": _CHECKMK_PEOPLE,
                "downtimestart": _CHECKMK_DOWNTIME,
                "downtimeend": _CHECKMK_DOWNTIME,
                "downtimecancelled": _CHECKMK_DOWNTIME,
                "flappingstart": _CHECKMK_DOWNTIME,
                "flappingstop": _CHECKMK_DOWNTIME,
                "flappingdisabled": _CHECKMK_DOWNTIME,
            },
        ),
    ),
)

PRESETS = (AZURE_ML, LANGFUSE, HUGGING_FACE, WANDB, NETDATA, GRAYLOG, CHECKMK)
ADAPTERS: dict[str, Adapter] = {preset.tool: adapter_of(preset) for preset in PRESETS}
