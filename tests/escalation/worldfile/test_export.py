import tomllib
from pathlib import Path

import pytest
from django.conf import settings as project
from django.core.management import CommandError, call_command

from escalation.worldfile.apply import apply_world
from escalation.worldfile.export import export_world
from incidents.models import Organisation
from tests.escalation.worldfile.conftest import NOW, SMALL

pytestmark = pytest.mark.django_db


def test_what_is_exported_applies_back_without_a_change(apply):
    apply(SMALL)
    assert apply(export_world()).lines == ()


def test_the_exported_demo_applies_back_without_a_change(is_demo):
    demo = Path(project.DEMO_FILE).read_text(encoding="utf-8")
    apply_world(demo, now=NOW)
    assert apply_world(export_world(), now=NOW).lines == ()


def test_an_export_says_everything_that_was_applied(apply):
    apply(SMALL)
    read = tomllib.loads(export_world())
    written = tomllib.loads(SMALL)
    assert {name: len(items) for name, items in read.items()} == {
        name: len(items) for name, items in written.items()
    }
    assert read["policies"] == written["policies"]
    assert read["routes"] == written["routes"]
    assert read["teams"] == written["teams"]


def test_an_export_holds_no_secrets(is_demo):
    demo = Path(project.DEMO_FILE).read_text(encoding="utf-8")
    shown = apply_world(demo, now=NOW).secrets
    text = export_world()
    secrets = [line.rpartition(" ")[2].rpartition("/")[2] for line in shown]
    assert len(secrets) == 7
    assert [secret for secret in [*secrets, "tocsin-demo"] if secret in text] == []


def test_one_organisation_is_exported_alone(apply, capsys):
    apply(SMALL)
    call_command("export", "--organisation", "naisa")
    read = tomllib.loads(capsys.readouterr().out)
    assert read == {
        "organisations": [{"slug": "naisa", "name": "Agency", "kind": "agency"}]
    }


def test_an_unknown_organisation_is_told_with_those_there_are(apply):
    apply(SMALL)
    with pytest.raises(CommandError, match=r"'nasa'\. There are Agency|aurora"):
        call_command("export", "--organisation", "nasa")
    assert Organisation.objects.count() == 2
