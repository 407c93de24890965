r"""Finish the alert of a tool that reports one at a time, and an incident for each.

>>> alone(ParsedAlert("pingdom:7", "firing", "API\n is down")).alerts[0].title
'API is down'
"""

from dataclasses import replace

from incidents.intake.adapters.base import ParsedAlert, ParsedDelivery, tidied


def alone(alert: ParsedAlert, *, is_test: bool = False) -> ParsedDelivery:
    """Return a delivery of one alert."""
    return ParsedDelivery(alerts=(finished(alert),), is_test=is_test)


def finished(alert: ParsedAlert) -> ParsedAlert:
    """Return the alert with clean texts, as a group of its own where it names none.

    An end of an alert that still fires is dropped: it is a guess of the tool.
    """
    return tidied(
        alert if alert.status == "resolved" else replace(alert, ended_at=None)
    )
