"""The page for browsers and the program say the same of the same bundles.

Its parts run in node, all bundles in one process; the page itself, with what stands
around them, is opened by a browser in the scenarios.
"""

import json
import shutil
import subprocess
from base64 import b64encode
from dataclasses import dataclass, replace
from importlib.resources import files
from pathlib import Path

import pytest

from incidents.evidence.browser_page import PARTS
from incidents.ledger.bundle_parts import Entry
from incidents.ledger.checkpoint import Checkpoint
from incidents.ledger.policy import parse_policy
from incidents.ledger.verify.check import verify_bundle
from incidents.ledger.verify.continued import Pinned
from incidents.ledger.verify.state import state_text
from incidents.ledger.verify.verdict import Code, Doubt, Rejected
from tests.incidents.ledger.report.told import told_bundle
from tests.incidents.ledger.simulated_log import (
    LAB,
    LOG_KEY,
    OTHER_STREAM,
    POLICY_TEXT,
    STREAM,
    SimulatedLog,
)
from tests.incidents.ledger.verify.clock_stories import (
    STORIES,
    any_story,
    told,
    with_a_withheld_end,
)
from tests.incidents.ledger.verify.test_attacks import ATTACKS, LOG, with_photo
from tests.incidents.ledger.verify.test_continued import (
    CONTINUED_ATTACKS,
    END,
    NEW_POLICY_TEXT,
    receipt_of,
    theft,
)
from tests.incidents.ledger.verify.test_continued import LOG as CONTINUED
from tests.incidents.ledger.verify.test_receipts import KEPT
from tests.incidents.ledger.verify.test_receipts import LOG as KEPT_LOG
from tests.incidents.ledger.verify.verifying import packed

NODE = shutil.which("node")
SOURCES = files("incidents.evidence").joinpath("browser")
DRIVER = Path(__file__).with_name("verdicts.js")
NO_WITNESS = f"log {LOG_KEY.public.vkey()}\nquorum none\n"
SEEDS = range(60)

pytestmark = pytest.mark.skipif(NODE is None, reason="node is not installed")


@dataclass(frozen=True)
class Case:
    """A bundle, and by what it is verified."""

    bundle: object
    policy: str = POLICY_TEXT
    pinned: tuple = ()
    receipts: tuple = ()

    def as_line(self):
        kept = [
            {"name": one.name, "data": b64encode(one.data).decode()}
            for one in self.receipts
        ]
        bundle = b64encode(self.data).decode()
        pinned = state_text(self.pinned) or None
        members = {"bundle": bundle, "policy": self.policy, "pinned": pinned}
        return json.dumps({**members, "receipts": kept})

    @property
    def data(self):
        return self.file.getvalue()

    @property
    def file(self):
        return self.bundle if hasattr(self.bundle, "getvalue") else packed(self.bundle)


def said_by_program(case):
    bounds = []
    try:
        outcome = verify_bundle(
            case.file,
            parse_policy(case.policy),
            pinned=case.pinned,
            receipts=case.receipts,
            listen=lambda _, both: bounds.append(list(both)),
        )
    except Rejected as rejected:
        return {"verdict": rejected.code.name}
    return {
        "verdict": " ".join(sorted(one.name for one in outcome.counts)) or "VERIFIED",
        "clocks": [[one.name, one.due, one.outcome] for one in outcome.clocks],
        "unread": outcome.unread,
        "left_out": outcome.left_out,
        "bounds": bounds,
    }


def said_by_page(cases, folder):
    program = folder / "program.js"
    parts = [SOURCES.joinpath(name).read_text() for name in PARTS if name != "page.js"]
    program.write_text("\n".join(['"use strict";', *parts, DRIVER.read_text()]))
    asked = folder / "cases"
    asked.write_text("".join(f"{case.as_line()}\n" for case in cases.values()))
    done = subprocess.run(
        [str(NODE), program, asked], capture_output=True, text=True, check=True
    )
    answers = map(json.loads, done.stdout.splitlines())
    return dict(zip(cases, answers, strict=True))


def erased_elsewhere(said):
    log = SimulatedLog()
    log.happen(stream=OTHER_STREAM)
    index = log.happen()
    erased = [{"stream": str(STREAM), "seq": 1, "field": "text"}]
    log.happen("disclosure.erased", said(erased), stream=OTHER_STREAM)
    log.write_heads()
    line = Entry(index, log.entries[index].leaf, {}, {"text": "erased"})
    logged = Entry(2, log.entries[2].leaf, log.entries[2].disclosed)
    return log.bundle(lines=[line], erasures=list(log.proved([logged], log.size)))


def clocks_that_disagree():
    heads = list(LOG.earlier(LOG.size))
    size, time = LOG.cosigned[1]
    late = replace(heads[1], first=LOG.note(size, time + 3600))
    return LOG.bundle(earlier=[heads[0], late, *heads[2:]])


def cases():
    """Return the whole corpus by names."""
    found = {f"{n} {one[1].__name__}": Case(one[1]()) for n, one in enumerate(ATTACKS)}
    found |= {story[0].__name__: Case(told(story[0])) for story in STORIES}
    found |= {f"any story {seed}": Case(any_story(seed)) for seed in SEEDS}
    found |= {
        f"receipts {number}": Case(KEPT_LOG.bundle(), receipts=tuple(kept))
        for number, (kept, _) in enumerate(KEPT)
    }
    seen = Checkpoint(LOG_KEY.public.name, 5, LOG.tree.root(5))
    other = replace(seen, root=bytes(32))
    later = replace(seen, size=LOG.size + 1)
    bare = replace(LOG.bundle(), earlier=())
    bodies = (
        lambda erased: {"erased": erased},
        lambda erased: {"body": {"erased": erased}},
        lambda erased: {"body": {"basis": "GDPR 17"}, "erased": erased},
        lambda _: {"body": {"erased": "text"}},
    )
    return (
        found
        | continued_cases()
        | {
            "good": Case(LOG.bundle()),
            "photo": Case(with_photo()),
            "told": Case(told_bundle()),
            "without witnesses": Case(told(STORIES[0][0]), policy=NO_WITNESS),
            "withheld": Case(with_a_withheld_end()),
            "without heads": Case(bare),
            "seen before": Case(LOG.bundle(), pinned=(Pinned(seen),)),
            "another seen": Case(LOG.bundle(), pinned=(Pinned(other),)),
            "more seen": Case(LOG.bundle(), pinned=(Pinned(later),)),
            "not connected": Case(bare, pinned=(Pinned(seen),)),
            "stamped": Case(LOG.bundle(stamps={LOG.size: b"stamp"})),
            "stamp of no head": Case(LOG.bundle(stamps={999: b"stamp"})),
            "clocks": Case(clocks_that_disagree()),
            **{f"erased {n}": Case(erased_elsewhere(b)) for n, b in enumerate(bodies)},
        }
    )


def continued_cases():
    """Return bundles of logs that went on under another name."""
    seen = Pinned(Checkpoint(LOG_KEY.public.name, 2, CONTINUED.tree.root(2)))
    other = replace(seen, checkpoint=replace(seen.checkpoint, root=bytes(32)))
    ended = replace(seen, checkpoint=END, is_ended=True)
    both = f"log {LOG_KEY.public.vkey()}\n{NEW_POLICY_TEXT}"
    made = {
        f"continued, {attack.__name__}": Case(attack(), NEW_POLICY_TEXT)
        for attack, _ in CONTINUED_ATTACKS
    }
    kept = [(receipt_of(1, 3),), (receipt_of(1, 3, witnesses=(LAB,)),)]
    bundle = CONTINUED.bundle()
    return made | {
        "continued": Case(bundle, NEW_POLICY_TEXT),
        "continued, two keys": Case(bundle, both),
        "continued, seen": Case(bundle, NEW_POLICY_TEXT, pinned=(seen, ended)),
        "continued, other": Case(bundle, NEW_POLICY_TEXT, pinned=(other,)),
        "continued, thief": Case(theft(), pinned=(ended,)),
        "continued, receipt": Case(bundle, NEW_POLICY_TEXT, receipts=kept[0]),
        "continued, unseen": Case(bundle, NEW_POLICY_TEXT, receipts=kept[1]),
    }


def test_page_says_of_every_bundle_what_the_program_says(tmp_path):
    corpus = cases()
    by_program = {name: said_by_program(case) for name, case in corpus.items()}
    assert said_by_page(corpus, tmp_path) == by_program
    verdicts = {word for one in by_program.values() for word in one["verdict"].split()}
    # What stands in the list of attacks and cannot be met by it, or only by a program.
    unmet = {"ARCHIVE", "TOO_LARGE", "FORM", "CP_WITNESS", "STUMBLED"}
    unmet |= {"ACK_SIGNATURE", "ACK_UNSIGNED", "STAMP_UNTRUSTED"}
    assert {one.name for one in (*Code, *Doubt)} - verdicts == unmet
