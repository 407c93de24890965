import re
from pathlib import Path

from incidents.ledger.verify.__main__ import _parser
from incidents.ledger.verify.verdict import Code, Doubt

PAGE = (Path(__file__).parents[4] / "docs/reference/bundle.md").read_text()


def test_every_code_is_documented_in_its_words():
    rows = dict(re.findall(r"^\| `([A-Z_]+)` \| (.*) \|$", PAGE, re.M))
    assert rows == {one.name: one.value for one in [*Code, *Doubt]}


def test_every_option_is_documented():
    rows = re.findall(r"^\| `(--[a-z-]+)", PAGE, re.M)
    named = {one for action in _parser()._actions for one in action.option_strings}
    assert set(rows) == {one for one in named if one.startswith("--")} - {"--help"}
