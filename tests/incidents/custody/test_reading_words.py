from datetime import UTC, datetime

import pytest

from incidents.custody.readers import Reading


@pytest.mark.parametrize(
    ("targets", "words"),
    [
        (("incident:INC-1",), ("the incident",)),
        (("list:INC-1", "list:INC-1"), ("a list with the incident",)),
        (("filing:FIL-2:naisa:pdf",), ("filing FIL-2",)),
        (("attachment:a", "attachment:b"), ("a file",)),
        (("something:else",), ("something:else",)),
    ],
)
def test_reading_says_what_was_opened_in_words(targets, words):
    at = datetime(2026, 11, 28, tzinfo=UTC)
    assert Reading(at, "Aurora Labs", "Officer", "", targets).in_words == words
