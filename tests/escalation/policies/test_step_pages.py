import json
import re

import pytest
from django.conf import settings

from escalation.policies.step_kinds.table import STEP_KINDS
from escalation.policies.steps import parse_policy
from escalation.runs.deciding.table import TAKE

PAGES = settings.BASE_DIR / "docs" / "reference" / "steps"
WAIT = {"kind": "wait", "minutes": 1}


def test_each_kind_has_a_page_and_something_to_do():
    pages = {page.stem for page in PAGES.glob("*.md")}
    assert pages == {*STEP_KINDS, "fallback"}
    assert set(TAKE) == set(STEP_KINDS)


@pytest.mark.parametrize("kind", [*STEP_KINDS, "fallback"])
def test_example_of_a_page_can_be_used(kind):
    text = (PAGES / f"{kind}.md").read_text(encoding="utf-8")
    [example] = re.findall(r"```json\n(.*?)```", text, re.DOTALL)
    step = json.loads(example)
    plan = parse_policy({"steps": [WAIT, step]})
    found = {one.kind for one in plan.steps[1:]} or {"fallback"}
    assert step["kind"] in found
