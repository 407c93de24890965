"""A record that has something of everything that a page for people shows."""

from dataclasses import replace
from hashlib import sha256
from html.parser import HTMLParser

from incidents.ledger.bundle import Attachment
from incidents.ledger.bundle_parts import HiddenEntry
from incidents.ledger.canonical import format_at
from incidents.ledger.merkle import leaf_hash
from tests.incidents.ledger.simulated_log import (
    OTHER_STREAM,
    START,
    SimulatedLog,
    moment,
)

TRACE = b"what the machine wrote"
TRACE_SHA256 = sha256(TRACE).hexdigest()
LOST_SHA256 = "0" * 64
ANA = {"kind": "user", "name": "Ana", "role": "responder", "organisation": "Aurora"}
DUE = START + 920


def told_log(title="Weights copied"):
    """Return a log with an incident of eight entries; of the last two some is withheld."""
    log = SimulatedLog()
    log.happen(stream=OTHER_STREAM)
    head = {"ref": "INC-4TB0GPP7X2", "severity": 4, "tlp": "AMBER"}
    log.happen("incident.opened", {"body": head, "title": title, "actor": ANA})
    clock = {"clock": 7, "what": "Acknowledge", "due_at": format_at(moment(DUE))}
    log.happen(
        "clock.started", {"body": {**clock, "started_at": format_at(moment(START))}}
    )
    notice = {"channel": "email", "purpose": "page", "notification": "n-1"}
    for state in ("queued", "sent"):
        fields = {"body": notice, "recipient": "ana@aurora.example"}
        log.happen(f"notification.{state}", fields)
    done = format_at(moment(log.now))
    log.happen("incident.acknowledged", {"body": {"how": "on the page"}, "actor": ANA})
    log.happen("clock.met", {"body": {**clock, "met_at": done, "late_ms": 0}})
    log.happen("incident.severity_changed", {"body": {"old": 4, "new": 5}})
    named = [
        {"name": "trace.txt", "size": len(TRACE), "sha256": TRACE_SHA256},
        {"name": "lost.txt", "size": 7, "sha256": LOST_SHA256},
    ]
    log.happen("incident.commented", {"text": "See\nboth", "attachments": named})
    log.happen("incident.commented", {"text": "Mine", "actor": ANA})
    log.happen("incident.commented", {"text": "Secret"})
    log.write_heads()
    return log


def told_lines(log):
    """Return the entries: of the last but one the person, the last whole is withheld."""
    *lines, one, last = log.lines()
    shown = {name: text for name, text in one.disclosed.items() if name != "actor"}
    one = replace(one, disclosed=shown, withheld={"actor": "redacted:FOIA b(6)"})
    return [*lines, one, HiddenEntry(last.index, leaf_hash(last.leaf), "FOIA b(5)")]


def told_bundle(log=None):
    log = log or told_log()
    trace = Attachment(TRACE_SHA256, len(TRACE), [TRACE])
    return log.bundle(lines=told_lines(log), attachments=[trace])


class Read(HTMLParser):
    """What a browser makes of a page: its elements, and its text."""

    def __init__(self, page):
        super().__init__()
        self.elements = set()
        self.attributes = set()
        self.text = []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.elements.add(tag)
        self.attributes |= {name for name, _ in attrs}

    def handle_data(self, data):
        self.text += [line for line in (data.strip(),) if line]
