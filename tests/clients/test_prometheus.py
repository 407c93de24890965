"""Debian's Prometheus with us as its Alertmanager."""

import contextlib
import json
import subprocess
import time

import pytest

from incidents.intake.waking import wake_alerts
from incidents.models import Alert, Incident
from incidents.timers.clock import read_now
from tests.clients.conftest import free_port, program

RULES = """
groups:
  - name: tocsin
    interval: 1s
    rules:
      - alert: WeightsRead
        expr: vector(time()) < {ends}
        labels: {{severity: critical, cluster: c1}}
        annotations: {{summary: Weights were read on c1}}
"""
CONFIG = """
global: {{evaluation_interval: 1s}}
rule_files: [{folder}/rules.yml]
alerting:
  alertmanagers:
    - path_prefix: {prefix}
      {authorization}
      static_configs: [{{targets: ["{host}"]}}]
"""


@contextlib.contextmanager
def prometheus(site, folder, *, ends_in, prefix="/", authorization=""):
    """Run Prometheus with an alert that fires for so many seconds."""
    words = [program("prometheus"), f"--config.file={folder}/prometheus.yml"]
    rules = RULES.format(ends=int(time.time()) + ends_in)
    (folder / "rules.yml").write_text(rules)
    config = CONFIG.format(
        folder=folder, prefix=prefix, host=site.host, authorization=authorization
    )
    (folder / "prometheus.yml").write_text(config)
    words += [f"--storage.tsdb.path={folder}/data", "--rules.alert.resend-delay=1s"]
    words += [f"--web.listen-address=127.0.0.1:{free_port()}"]
    with (folder / "prometheus.log").open("wb") as log:
        process = subprocess.Popen(words, stdout=log, stderr=subprocess.STDOUT)
        try:
            yield process
        finally:
            process.terminate()
            process.wait(timeout=20)


def test_alert_fires_repeats_and_resolves_through_the_path(site, tmp_path):
    prefix = f"/am/{site.keys['alertmanager_api']}"
    with prometheus(site, tmp_path, ends_in=20, prefix=prefix):
        alert = site.eventually(
            lambda: Alert.objects.filter(repeat_count__gte=2).first()
        )
        assert alert.title == "Weights were read on c1"
        assert alert.labels == {
            "alertname": "WeightsRead",
            "cluster": "c1",
            "severity": "critical",
        }
        site.eventually(lambda: Alert.objects.filter(status="resolved").exists())
    incident = Incident.objects.get()
    assert (incident.status, incident.alert_count) == ("resolved", 1)
    assert site.keys["alertmanager_api"] not in site.log.read_text()


@pytest.mark.parametrize("scheme", ["authorization", "basic_auth"])
def test_alert_ends_when_its_prometheus_is_gone(site, tmp_path, scheme):
    key = site.keys["alertmanager_api"]
    words = {"authorization": {"credentials": key}}
    if scheme == "basic_auth":
        words = {"basic_auth": {"username": "prometheus", "password": key}}
    line = json.dumps(words)[1:-1]
    with prometheus(site, tmp_path, ends_in=3600, authorization=line):
        alert = site.eventually(Alert.objects.first)
    assert alert.status == "firing"
    assert alert.expires_at > alert.last_seen_at
    site.eventually(lambda: wake_alerts(read_now()))
    alert.refresh_from_db()
    assert (alert.status, Incident.objects.get().status) == ("resolved", "resolved")
