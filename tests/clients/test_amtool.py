"""Debian's amtool, the unmodified command of Alertmanager."""

import json
import subprocess

from incidents.models import Alert, Silence
from tests.clients.conftest import program


def test_amtool_adds_lists_and_silences(site):
    url = f"{site.url}/am/{site.keys['alertmanager_api']}"

    def amtool(*words):
        command = [program("amtool"), f"--alertmanager.url={url}", *words]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout

    amtool("alert", "add", "alertname=Disk", "job=node", "--annotation=summary=Full")
    site.eventually(lambda: Alert.objects.filter(title="Full").exists())
    [alert] = json.loads(amtool("alert", "query", "job=node", "-o", "json"))
    assert alert["labels"] == {"alertname": "Disk", "job": "node"}
    assert "Full" in amtool("alert", "query", "-o", "extended")
    assert json.loads(amtool("alert", "query", "job=other", "-o", "json")) == []

    words = ("--comment=Moving racks", "--author=ada", "--duration=1h")
    uid = amtool("silence", "add", "alertname=Egress", *words).strip()
    assert (Silence.objects.get().reason, str(Silence.objects.get().uid)) == (
        "Moving racks",
        uid,
    )
    amtool("alert", "add", "alertname=Egress")
    site.eventually(lambda: Alert.objects.filter(title="Egress").exists())
    assert Alert.objects.get(title="Egress").incident is None
    assert uid in amtool("silence", "query")
    amtool("silence", "expire", uid)
    assert uid not in amtool("silence", "query")
    assert "receiver: tocsin" in amtool("config", "show")
