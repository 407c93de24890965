"""Say what each published body means: which adapter reads it, and to which alerts.

The bodies are kept beside the checkout, in a folder for each tool, as their makers
publish them. Each row here is {folder/name: Meaning}.
"""

from dataclasses import dataclass, field

Alerts = tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Meaning:
    """The alerts as (status, severity), or the start of why a body gives none.

    `ignored` is a known event that changes nothing, `unreadable` a body that is not the
    tool's (such as the answer of an API). `chosen` says what a document leaves open and
    is ours to say, `guessed` what no document that was found settles.
    """

    tool: str
    alerts: Alerts = ()
    ignored: str = ""
    unreadable: str = ""
    is_test: bool = False
    headers: dict[str, str] = field(default_factory=dict)
    options: dict[str, object] = field(default_factory=dict)
    chosen: str = ""
    guessed: str = ""


FIRING_CRITICAL: Alerts = (("firing", "critical"),)
FIRING_UNKNOWN: Alerts = (("firing", "unknown"),)
FIRING_HIGH: Alerts = (("firing", "high"),)
FIRING_MEDIUM: Alerts = (("firing", "medium"),)
FIRING_INFO: Alerts = (("firing", "info"),)
RESOLVED_HIGH: Alerts = (("resolved", "high"),)
RESOLVED_UNKNOWN: Alerts = (("resolved", "unknown"),)

MEANINGS = {
    "alertmanager_api_v2/get-alerts-groups-0.31.0": Meaning(
        "alertmanager_api", unreadable="alerts: found "
    ),
    "alertmanager_api_v2/get-silences-0.31.0": Meaning(
        "alertmanager_api", unreadable="alerts: found "
    ),
    "alertmanager_api_v2/post-alerts-falcosidekick": Meaning(
        "alertmanager_api", FIRING_UNKNOWN
    ),
    "pagerduty_events_v2/acknowledge": Meaning(
        "pagerduty_events", (("acknowledged", "unknown"),)
    ),
    "pagerduty_events_v2/resolve": Meaning("pagerduty_events", RESOLVED_UNKNOWN),
    "pagerduty_events_v2/response-202-success": Meaning(
        "pagerduty_events", unreadable="event: found "
    ),
    "pagerduty_events_v2/trigger": Meaning("pagerduty_events", FIRING_INFO),
    "alertmanager/firing-failed-connect-v3-numeric-groupkey": Meaning(
        "alertmanager", FIRING_CRITICAL
    ),
    "alertmanager/firing-thing-dead-v4": Meaning("alertmanager", FIRING_CRITICAL),
    "alertmanager/resolved-instance-down": Meaning(
        "alertmanager", (("resolved", "critical"),)
    ),
    "aws_eventbridge/aws-health-acm-renewal": Meaning(
        "aws_eventbridge",
        FIRING_UNKNOWN,
    ),
    "aws_eventbridge/guardduty-portprobe": Meaning(
        "aws_eventbridge", (("firing", "low"),)
    ),
    "aws_sns/cloudwatch-alarm-bucketbytes": Meaning("aws_sns", FIRING_UNKNOWN),
    "aws_sns/subscription-confirmation": Meaning(
        "aws_sns",
        ignored="Amazon SNS asks to confirm the subscription to "
        "arn:aws:sns:eu-west-1:1234567890:alerta-test.",
    ),
    "azure_ml/eventgrid-dataset-drift-detected": Meaning(
        "azure_event_grid",
        (("firing", "high"),),
        chosen="Azure states no severity: a drift coefficient from 0.8 is taken as high",
    ),
    "azure_monitor/classic-metric-activated": Meaning("azure_monitor", FIRING_UNKNOWN),
    "azure_monitor/common-schema-resolved-cpu": Meaning(
        "azure_monitor", (("resolved", "low"),)
    ),
    "azure_monitor/metric-v2-activated": Meaning("azure_monitor", FIRING_UNKNOWN),
    "crowdstrike/detection-summary-low": Meaning(
        "crowdstrike",
        (("firing", "low"),),
        guessed="a blocked process is still a detection until somebody closes it",
    ),
    "crowdstrike/event-stream-detection-critical": Meaning(
        "crowdstrike", FIRING_CRITICAL
    ),
    "crowdstrike/event-stream-detection-high": Meaning(
        "crowdstrike", (("firing", "high"),)
    ),
    "gcp_monitoring/closed-v1.1-webserver": Meaning("gcp_monitoring", RESOLVED_UNKNOWN),
    "gcp_monitoring/open-v1.1-webserver": Meaning("gcp_monitoring", FIRING_UNKNOWN),
    "grafana/legacy-alerting-cpu": Meaning("grafana", FIRING_UNKNOWN),
    "grafana/legacy-ok-cpu": Meaning("grafana", RESOLVED_UNKNOWN),
    "grafana/unified-resolved-load-avg": Meaning("grafana", RESOLVED_UNKNOWN),
    "datadog/default-triggered-cpu": Meaning("datadog", FIRING_CRITICAL),
    "falco/critical-shell-in-container": Meaning("falco", FIRING_CRITICAL),
    "falco/error-write-below-binary-dir": Meaning("falco", FIRING_HIGH),
    "falco/informational-k8s-serviceaccount-created": Meaning("falco", FIRING_INFO),
    "github/code-scanning-alert-created": Meaning("github", FIRING_HIGH),
    "github/code-scanning-alert-fixed": Meaning("github", RESOLVED_HIGH),
    "github/dependabot-alert-created": Meaning("github", FIRING_MEDIUM),
    "github/secret-scanning-alert-reopened": Meaning(
        "github", FIRING_HIGH, chosen="secret scanning has no severities; high is ours"
    ),
    "newrelic/legacy-test-violation": Meaning(
        "newrelic",
        FIRING_INFO,
        is_test=True,
        guessed="incident 0 is the test button's; no document says so",
    ),
    "newrelic/workflow-activated": Meaning("newrelic", FIRING_CRITICAL),
    "opsgenie_webhook/create-p1": Meaning("opsgenie", FIRING_CRITICAL),
    "pagerduty_webhook/v3-incident-priority-updated": Meaning(
        "pagerduty", FIRING_CRITICAL
    ),
    "pagerduty_webhook/v3-incident-resolved": Meaning("pagerduty", RESOLVED_HIGH),
    "pagerduty_webhook/v3-incident-triggered": Meaning("pagerduty", FIRING_HIGH),
    "pingdom/down": Meaning(
        "pingdom", FIRING_HIGH, chosen="importance HIGH and LOW are severities"
    ),
    "sentry/event-alert-triggered": Meaning("sentry", FIRING_UNKNOWN),
    "sentry/event-alert-triggered-with-alert-rule-action": Meaning(
        "sentry", FIRING_UNKNOWN
    ),
    "sentry/issue-created": Meaning("sentry", FIRING_HIGH),
    "sentry/issue-ignored": Meaning("sentry", RESOLVED_HIGH),
    "sentry/issue-resolved": Meaning("sentry", RESOLVED_HIGH),
    "sentry/metric-alert-critical": Meaning("sentry", FIRING_CRITICAL),
    "sentry/metric-alert-warning-with-alert-rule-action": Meaning(
        "sentry", FIRING_MEDIUM
    ),
    "uptime_kuma/down-timeout": Meaning("uptime_kuma", FIRING_UNKNOWN),
    "uptime_kuma/up-200": Meaning("uptime_kuma", RESOLVED_UNKNOWN),
    "wazuh/alert-5551-pam-bruteforce": Meaning("wazuh", FIRING_MEDIUM),
    "microsoft_defender/advanced-hunting-alertinfo-high": Meaning(
        "microsoft_defender",
        (("firing", "high"),),
    ),
    "otlp_json/logs": Meaning(
        "otlp", ignored="All records are below the severity ERROR."
    ),
    "sentinelone/star-alert-critical": Meaning("sentinelone", FIRING_CRITICAL),
    "sentinelone/threat-mitigated": Meaning(
        "sentinelone",
        (("firing", "medium"),),
        chosen="a threat that was mitigated is one step less severe than its confidence",
    ),
    "wiz/issue-open-high": Meaning("wiz", (("firing", "high"),)),
    "checkly/alert": Meaning("checkly", RESOLVED_UNKNOWN),
    "site24x7/down": Meaning("site24x7", FIRING_UNKNOWN),
    "thousandeyes/alert-1": Meaning("thousandeyes", FIRING_INFO),
    "zenduty/incident-triggered-prometheus": Meaning(
        "zenduty",
        FIRING_HIGH,
        guessed="only high and low are known; 2 is taken as high",
    ),
    "checkmk/keep-notification": Meaning("checkmk", RESOLVED_UNKNOWN),
    "graylog/legacy-stream-alert": Meaning("graylog", FIRING_UNKNOWN),
    "huggingface/discussion-create-pr": Meaning(
        "huggingface",
        (("firing", "info"),),
        chosen="a discussion or pull request is an alert of severity info until closed",
    ),
    "langfuse/monitor-alert": Meaning("langfuse", (("firing", "high"),)),
    "netdata/alert-critical": Meaning(
        "netdata",
        FIRING_CRITICAL,
        chosen="the body names no node, so space, chart and alert are the key",
    ),
}
