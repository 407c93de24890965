import pytest

from incidents.incident.severity import (
    SEVERITIES,
    SEVERITY_CHOICES,
    severity_at,
    severity_from_tool,
)


def test_severities_are_numbered_from_nought_to_five():
    assert [severity.level for severity in SEVERITIES] == [0, 1, 2, 3, 4, 5]
    assert SEVERITY_CHOICES[4] == (4, "4 Critical")


@pytest.mark.parametrize("level", [-1, 6])
def test_severity_at_refuses_other_levels(level):
    with pytest.raises(ValueError, match="use a whole number from 0 to 5"):
        severity_at(level)


def test_severity_at_returns_the_level():
    assert [severity_at(level).level for level in range(6)] == [0, 1, 2, 3, 4, 5]


def test_severity_from_tool_maps_each_word_and_nothing_else():
    words = ["critical", "high", "medium", "low", "info", "unknown", "", "5"]
    assert [severity_from_tool(word) for word in words] == [
        4,
        3,
        2,
        1,
        0,
        None,
        None,
        None,
    ]
