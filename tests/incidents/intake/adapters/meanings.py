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
    tool's (such as the answer of an API). `guessed` says what no document settles.
    """

    tool: str
    alerts: Alerts = ()
    ignored: str = ""
    unreadable: str = ""
    is_test: bool = False
    headers: dict[str, str] = field(default_factory=dict)
    options: dict[str, object] = field(default_factory=dict)
    guessed: str = ""


FIRING_CRITICAL: Alerts = (("firing", "critical"),)
FIRING_UNKNOWN: Alerts = (("firing", "unknown"),)
RESOLVED_UNKNOWN: Alerts = (("resolved", "unknown"),)

MEANINGS = {
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
        guessed="AWS states no severity, and an end time is no end: notices have one too",
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
        guessed="Azure states no severity: a drift coefficient from 0.8 is taken as high",
    ),
    "azure_monitor/classic-metric-activated": Meaning("azure_monitor", FIRING_UNKNOWN),
    "azure_monitor/common-schema-resolved-cpu": Meaning(
        "azure_monitor", (("resolved", "low"),)
    ),
    "azure_monitor/metric-v2-activated": Meaning("azure_monitor", FIRING_UNKNOWN),
    "gcp_monitoring/closed-v1.1-webserver": Meaning("gcp_monitoring", RESOLVED_UNKNOWN),
    "gcp_monitoring/open-v1.1-webserver": Meaning("gcp_monitoring", FIRING_UNKNOWN),
    "grafana/legacy-alerting-cpu": Meaning("grafana", FIRING_UNKNOWN),
    "grafana/legacy-ok-cpu": Meaning("grafana", RESOLVED_UNKNOWN),
    "grafana/unified-resolved-load-avg": Meaning("grafana", RESOLVED_UNKNOWN),
}
