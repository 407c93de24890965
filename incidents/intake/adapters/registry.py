"""List the tools whose webhooks can be read. A new tool is one file and one line."""

from incidents.intake.adapters import (
    alertmanager,
    aws_eventbridge,
    aws_sns,
    azure_event_grid,
    azure_monitor,
    checkly,
    cloudevents,
    crowdstrike,
    datadog,
    falco,
    gcp_monitoring,
    generic,
    github,
    grafana,
    microsoft_defender,
    newrelic,
    opsgenie,
    otlp,
    pagerduty,
    pingdom,
    presets,
    sentinelone,
    sentry,
    site24x7,
    thousandeyes,
    uptime_kuma,
    wazuh,
    wiz,
    zabbix,
    zenduty,
)
from incidents.intake.adapters.adapter import Adapter

# In the order in which people choose: the usual ones first, the catch-all last.
ADAPTERS: dict[str, Adapter] = {
    adapter.tool: adapter
    for adapter in (
        alertmanager.ADAPTER,
        grafana.ADAPTER,
        pagerduty.ADAPTER,
        opsgenie.ADAPTER,
        sentry.ADAPTER,
        github.ADAPTER,
        datadog.ADAPTER,
        newrelic.ADAPTER,
        zabbix.ADAPTER,
        falco.ADAPTER,
        wazuh.ADAPTER,
        uptime_kuma.ADAPTER,
        pingdom.ADAPTER,
        site24x7.ADAPTER,
        checkly.ADAPTER,
        thousandeyes.ADAPTER,
        zenduty.ADAPTER,
        aws_sns.ADAPTER,
        aws_eventbridge.ADAPTER,
        azure_monitor.ADAPTER,
        azure_event_grid.ADAPTER,
        gcp_monitoring.ADAPTER,
        microsoft_defender.ADAPTER,
        crowdstrike.ADAPTER,
        sentinelone.ADAPTER,
        wiz.ADAPTER,
        cloudevents.ADAPTER,
        otlp.ADAPTER,
        *presets.ADAPTERS.values(),
        generic.ADAPTER,
    )
}

TOOL_CHOICES: list[tuple[str, str]] = [(a.tool, a.name) for a in ADAPTERS.values()]
