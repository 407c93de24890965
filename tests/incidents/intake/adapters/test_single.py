import doctest
from datetime import UTC, datetime

from incidents.intake.adapters import single
from incidents.intake.adapters.base import ParsedAlert, ParsedDelivery

AT = datetime(2026, 11, 23, 4, tzinfo=UTC)


def test_examples_of_the_module_are_right():
    assert doctest.testmod(single).failed == 0


def test_alone_is_a_group_of_its_own_with_clean_texts():
    alert = ParsedAlert("a", "resolved", " Disk\nfull ", summary="x\r\ny ", ended_at=AT)
    assert single.alone(alert, is_test=True) == ParsedDelivery(
        alerts=(
            ParsedAlert(
                "a",
                "resolved",
                "Disk full",
                summary="x\ny",
                ended_at=AT,
                group_key="a",
                group_title="Disk full",
            ),
        ),
        is_test=True,
    )


def test_alert_that_fires_has_no_end():
    assert (
        single.finished(ParsedAlert("a", "firing", "x", ended_at=AT)).ended_at is None
    )


def test_group_that_the_tool_names_is_kept():
    assert (
        single.finished(ParsedAlert("a", "firing", "x", group_key="g")).group_key == "g"
    )


def test_title_that_shows_nothing_gets_a_name():
    assert (
        single.finished(ParsedAlert("a", "firing", "\x00")).title
        == "Alert without a name"
    )
