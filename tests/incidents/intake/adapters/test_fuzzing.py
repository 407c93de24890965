"""A short run of `make fuzz-adapters`, with the headers that each tool's bodies need."""

import pytest

from incidents.intake.adapters.registry import ADAPTERS
from tests.incidents.intake.adapters.bodies import words_of
from tests.incidents.intake.adapters.fuzzing import check_parse, run_round


@pytest.mark.parametrize("tool", ADAPTERS)
def test_any_body_and_headers_are_parsed_or_unreadable(tool):
    run_round(tool, number=1)


def test_words_of_a_tool_are_those_that_its_reader_looks_for():
    assert {"NewStateValue", "INSUFFICIENT_DATA"} <= set(words_of("aws_sns"))
    # What it hands over to another reader counts too.
    assert "GuardDuty Finding" in words_of("aws_sns")


def test_fault_of_a_reader_is_found(monkeypatch):
    class Broken:
        def parse(self, body, *, headers, options):
            return {}["missing"]

    monkeypatch.setitem(ADAPTERS, "broken", Broken())
    with pytest.raises(KeyError):
        check_parse("broken", b"{}", headers={}, options={})
