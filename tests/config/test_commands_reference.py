from pathlib import Path

from django.core.management import get_commands

OURS = ("config", "escalation", "incidents")


def test_every_command_is_in_the_reference():
    page = Path("docs/reference/commands.md").read_text(encoding="utf-8")
    commands = [name for name, app in get_commands().items() if app in OURS]
    assert "apply" in commands
    first_words = {line.split("`")[1].split()[0] for line in _rows(page)}
    assert set(commands) - first_words == set()


def _rows(page: str) -> list[str]:
    return [line for line in page.splitlines() if line.startswith("| `")]
