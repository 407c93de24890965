import re
from pathlib import Path

import pytest
from django.conf import settings

from escalation.worldfile.schema import SECTIONS, TABLES, read_world

PAGE = Path(settings.BASE_DIR / "docs" / "reference" / "world-file.md")


HEADS = [*(f"[[{one}]]" for one in SECTIONS), *(f"[{one}]" for one in TABLES)]


def _known_fields(head):
    text = f"{head}\nno-such-field = 1\n"
    _, problems = read_world(text, is_demo_allowed=True, substitutes={})
    [message] = [one.message for one in problems.found if "Known are" in one.message]
    return set(message.partition("Known are ")[2].rstrip(".").split(", "))


@pytest.mark.parametrize("head", HEADS)
def test_every_field_of_a_section_is_in_the_reference_and_no_other(head):
    parts = re.split(r"^## ", PAGE.read_text(encoding="utf-8"), flags=re.MULTILINE)
    [part] = [part for part in parts if part.startswith(f"`{head}`")]
    documented = set(re.findall(r"^\| `(\w+)` \|", part, flags=re.MULTILINE))
    assert documented == _known_fields(head)
