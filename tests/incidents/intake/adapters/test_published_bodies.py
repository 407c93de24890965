from pathlib import Path

import pytest

from incidents.intake.adapters.base import ParsedDelivery, Unreadable
from incidents.intake.adapters.registry import ADAPTERS
from tests.incidents.intake.adapters.meanings import MEANINGS, Meaning

PUBLISHED = Path(__file__).parents[5] / "shared/payloads"
WHY_NOT = "no published bodies beside the checkout"


def read(name: str, meaning: Meaning) -> ParsedDelivery:
    body = (PUBLISHED / f"{name}.json").read_bytes()
    return ADAPTERS[meaning.tool].parse(
        body, headers=meaning.headers, options=meaning.options
    )


@pytest.mark.parametrize("name", sorted(MEANINGS))
def test_published_body_has_its_meaning(name):
    if not PUBLISHED.is_dir():
        pytest.skip(WHY_NOT)
    meaning = MEANINGS[name]
    if meaning.unreadable:
        with pytest.raises(Unreadable) as caught:
            read(name, meaning)
        assert str(caught.value).startswith(meaning.unreadable)
        return
    parsed = read(name, meaning)
    assert tuple((a.status, a.severity) for a in parsed.alerts) == meaning.alerts
    assert parsed.ignored == meaning.ignored
    assert parsed.is_test == meaning.is_test


def test_every_published_body_of_these_tools_has_a_meaning(capsys):
    if not PUBLISHED.is_dir():
        pytest.skip(WHY_NOT)
    folders = {name.partition("/")[0] for name in MEANINGS}
    paths = [path for folder in folders for path in (PUBLISHED / folder).glob("*.json")]
    found = {f"{path.parent.name}/{path.stem}" for path in paths}
    with capsys.disabled():
        print(f"\nRead {len(found)} published bodies.")  # noqa: T201  (says how many)
    assert found == set(MEANINGS)
