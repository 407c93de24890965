"""Kinds of events about reports that come later: notices of delay, and extensions.

What an agency on this instance is told, or answers, stands in the stream of the pair; what
was told or determined elsewhere is the lab's alone.
"""

from typing import Final

from incidents.events.kind import Kind, make_kind

_ASKED = "extension what regime stage citation"

DELAY_KINDS: Final[tuple[Kind, ...]] = (
    make_kind(
        "delay.notified",
        "{what} will be late, {authority} was told; expected {expected_at}: {reasons}",
        "reference limit_at",
        shared="notice what regime stage authority citation reasons expected_at"
        " notified_at is_late",
        apart="reasons reference",
    ),
    make_kind(
        "extension.requested",
        "More time asked for until {until}, {what}: {reason}",
        shared=f"{_ASKED} until reason",
        apart="reason",
    ),
    make_kind(
        "extension.granted",
        "More time granted until {until}, {what}: {reason}",
        shared=f"{_ASKED} until reason",
        apart="reason",
    ),
    make_kind(
        "extension.refused",
        "More time refused, {what}: {reason}",
        shared=f"{_ASKED} reason",
        apart="reason",
    ),
    make_kind(
        "extension.recorded",
        "Extension {number} by {granted_by}, {days} days, {what}: {reason}",
        f"{_ASKED} number days granted_by determined_on reason document_sha256",
        apart="reason",
    ),
    make_kind(
        "extension.confirmed",
        "Extension {number} confirmed, {what}",
        f"{_ASKED} number",
    ),
    make_kind(
        "extension.withdrawn",
        "Extension {number} withdrawn, {what}: {reason}",
        shared=f"{_ASKED} number reason",
        apart="reason",
    ),
)
