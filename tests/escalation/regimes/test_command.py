import json
import subprocess
import sys
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

MANAGE = Path(__file__).parents[3] / "manage.py"
AWARE = "aware=2026-12-25T03:10:00+01:00"


def ask(capsys, *words):
    call_command("deadline", *words)
    return json.loads(capsys.readouterr().out)


def test_answer_has_every_field(capsys):
    assert ask(capsys, "eu-nis2-23", "early_warning", "--anchor", AWARE) == {
        "due_operational": "2026-12-26T03:10:00+01:00",
        "due_statutory_latest": "2026-12-26T04:00:00+01:00",
        "status": "due",
        "waiting_for": [],
        "rule": "24 hours from aware, statutory: regulation_1182_71",
        "citation": "Directive (EU) 2022/2555, Article 23(4)(a)",
        "flags": [],
    }


def test_zone_calendar_and_entity_are_taken(capsys):
    found = ask(
        capsys,
        *("eu-dora-19", "initial", "--zone", "Europe/Athens", "--calendar", "GR"),
        *("--entity", "weekend-relief-eligible"),
        *("--anchor", "aware=2026-12-05T22:00:00"),
        *("--anchor", "classified_major=2026-12-06T20:30:00"),
    )
    assert found["due_operational"] == "2026-12-06T22:00:00+02:00"
    assert found["due_statutory_latest"] == "2026-12-07T12:00:00+02:00"


def test_stage_without_its_anchor_waits(capsys):
    found = ask(capsys, "eu-nis2-23", "final")
    assert (found["status"], found["due_operational"]) == ("waiting", None)
    assert found["waiting_for"] == ["submitted:notification"]


@pytest.mark.parametrize(
    ("words", "field"),
    [
        (("eu-nis3-23", "final"), "regime"),
        (("eu-nis2-23", "finale"), "stage"),
        (("uk", "report"), "stage"),
        (("eu-nis2-23", "final", "--zone", "Mars/Base"), "zone"),
        (("eu-nis2-23", "final", "--calendar", "XX"), "calendar"),
        (("eu-nis2-23", "final", "--anchor", "aware"), "anchor"),
        (("eu-nis2-23", "final", "--anchor", "aware=soon"), "aware"),
        (("eu-nis2-23", "final", "--anchor", "awake=2026-12-25"), "anchor awake"),
    ],
)
def test_bad_input_is_named_and_has_the_status_error(capsys, words, field):
    with pytest.raises(CommandError):
        call_command("deadline", *words)
    found = json.loads(capsys.readouterr().out)
    assert (found["status"], found["error"]["field"]) == ("error", field)
    assert found["error"]["remedy"]


def test_command_needs_no_server_and_exits_1_on_an_error(tmp_path):
    words = (
        sys.executable,
        MANAGE,
        "deadline",
        "eu-nis2-23",
        "final",
        "--data",
        tmp_path,
    )
    done = subprocess.run(
        [*map(str, words), "--anchor", "aware=soon"],
        check=False,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 1
    assert json.loads(done.stdout)["status"] == "error"
    assert "aware: 'soon'" in done.stderr
    assert not list(tmp_path.glob("postgresql*"))
