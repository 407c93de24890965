from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from escalation.worldfile.apply import Applied, apply_world

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
RECEIVER = "http://127.0.0.1:9999"

SMALL = """\
[[organisations]]
slug = "aurora"
name = "Aurora Labs"
kind = "lab"

[[organisations]]
slug = "naisa"
name = "Agency"
kind = "agency"

[[people]]
email = "duty@aurora.example"
name = "Diego"
roles = { aurora = ["responder", "admin"] }

[[people]]
email = "second@aurora.example"
name = "Sana"
roles = { aurora = ["staff"] }

[[teams]]
organisation = "aurora"
slug = "duty"
name = "Duty"
members = ["duty@aurora.example"]

[[contact_methods]]
organisation = "aurora"
person = "duty@aurora.example"
slug = "mail"
channel = "email"
address = "duty@aurora.example"
verified = true

[[contact_methods]]
organisation = "aurora"
slug = "pager"
channel = "webhook"
address = "https://pager.example/in"

[[policies]]
organisation = "aurora"
slug = "serious"
name = "Serious"
ack_timeout_minutes = 30
steps = [
  { kind = "notify", targets = [{ team = "duty" }, { webhook = "pager" }] },
  { kind = "wait", minutes = 5 },
  { kind = "repeat", from = 1, rounds = 2 },
]
fallback = { user = "duty@aurora.example" }

[[routes]]
organisation = "aurora"
name = "Serious"
match = [{ field = "severity", op = ">=", value = 3 }]
policy = "serious"
share_with = ["naisa"]

[[routes]]
organisation = "aurora"
name = "Rest"
default = true

[[sources]]
organisation = "aurora"
slug = "prom"
tool = "generic"
name = "Prometheus"
mapping = { title = "event.name" }
"""


@pytest.fixture
def is_demo(settings, tmp_path: Path) -> None:
    """Allow what only the demo may hold."""
    settings.DEMO = True
    settings.DEMO_RECEIVER_URL = RECEIVER
    settings.DATA_DIR = tmp_path


@pytest.fixture
def apply(db: None, settings) -> Callable[..., Applied]:
    """Return a function that applies a text where no demo is allowed."""
    settings.DEMO = settings.DEBUG = False

    def apply_text(text: str, *, is_dry_run: bool = False) -> Applied:
        return apply_world(text, now=NOW, is_dry_run=is_dry_run)

    return apply_text
