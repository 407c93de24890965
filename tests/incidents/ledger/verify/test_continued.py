"""A log that goes on under a new name, and what a thief or an operator makes of it."""

from dataclasses import replace
from hashlib import sha256

import pytest

from incidents.ledger.bundle_parts import Entry
from incidents.ledger.checkpoint import Checkpoint
from incidents.ledger.heads import SYSTEM_STREAM
from incidents.ledger.policy import parse_policy
from incidents.ledger.proof_file import ProofFile, write_proof
from incidents.ledger.verify.__main__ import main
from incidents.ledger.verify.continued import Pinned
from incidents.ledger.verify.receipts import Receipt
from incidents.ledger.vkey import KeyType, signing_key
from tests.incidents.ledger.simulated_log import (
    AGENCY,
    LAB,
    LOG_KEY,
    ORIGIN,
    POLICY,
    POLICY_TEXT,
    SimulatedLog,
)
from tests.incidents.ledger.verify.verifying import (
    outcome_of,
    packed,
    verdict_on,
)

NEW_ORIGIN = "log.example/2"
NEW_KEY = signing_key(NEW_ORIGIN, KeyType.LOG, bytes([7]) * 32)
NEW_POLICY_TEXT = POLICY_TEXT.replace(LOG_KEY.public.vkey(), NEW_KEY.public.vkey())
NEW_POLICY = parse_policy(NEW_POLICY_TEXT)


class ContinuedLog(SimulatedLog):
    """A log whose key is stolen when `go_on` is called."""

    def __init__(self, *, now=None):
        super().__init__(**({} if now is None else {"now": now}))
        self.index = None  # of the entry that says that it goes on

    def note(self, size, time, **more):
        is_new = self.index is not None and size > self.index
        return super().note(
            size, time, **{"keys": (NEW_KEY if is_new else LOG_KEY,), **more}
        )

    def go_on(self, **said):
        """Continue the head that was cosigned last; `said` is what the entry says else."""
        size, time = self.cosigned[-1]
        fields = {
            "origin": ORIGIN,
            "size": size,
            "root": self.tree.root(size).hex(),
            "note_sha256": sha256(self.note(size, time).encode()).hexdigest(),
            "cosigned": True,
            "reason": "The key was copied",
            "actor": {"kind": "operator", "name": "Ana"},
        }
        self.index = self.size
        self.happen("log.continues", {**fields, **said}, stream=SYSTEM_STREAM)

    def continues(self, size):
        one = self.entries[self.index]
        return list(self.proved([Entry(self.index, one.leaf, one.disclosed)], size))

    def bundle(self, **more):
        size = self.cosigned[-1][0]
        if self.index is not None and size > self.index:
            more = {"continues": self.continues(size), **more}
        return super().bundle(**more)


def before_the_theft():
    log = ContinuedLog()
    log.happen(stream=SYSTEM_STREAM)
    for text in ("one", "two"):
        log.happen("incident.commented", {"text": text})
    return log


def continued(**said):
    """Return a log with entries that were sealed and not seen when the theft was found."""
    log = before_the_theft()
    log.append("incident.commented", {"text": "sealed, not seen"})
    log.go_on(**said)
    log.happen("incident.commented", {"text": "afterwards"})
    log.write_heads()
    return log


LOG = continued()
SEEN = 3  # entries that witnesses saw under the old name
END = Checkpoint(ORIGIN, SEEN, LOG.tree.root(SEEN))


def test_one_bundle_proves_what_spans_both_names():
    outcome = outcome_of(LOG.bundle(), policy=NEW_POLICY)
    [(name, former)] = outcome.formers.items()
    assert (name, former.head.size, former.reason) == (ORIGIN, 3, "The key was copied")
    assert (outcome.to_seq, outcome.seen_formers) == (4, {ORIGIN})


def test_old_heads_go_on_bounding_times_though_nobody_trusts_the_old_key():
    heard = {}

    def listen(entry, bounds):
        heard[entry.fields["text"]] = bounds

    outcome_of(LOG.bundle(), policy=NEW_POLICY, listen=listen)
    times = [time for _, time in LOG.cosigned]
    assert heard["two"] == (times[1], times[2] + 1)
    assert heard["afterwards"] == (times[3], times[4] + 1)


def test_policy_that_names_both_keys_checks_the_old_signatures_too():
    both = parse_policy(f"log {LOG_KEY.public.vkey()}\n{NEW_POLICY_TEXT}")
    assert verdict_on(LOG.bundle(), policy=both) == "VERIFIED"
    earlier = list(LOG.bundle().earlier)
    forger = signing_key(ORIGIN, KeyType.LOG, bytes([8]) * 32)
    note = LOG.note(1, LOG.cosigned[0][1], keys=(forger,))
    bundle = LOG.bundle(earlier=[replace(earlier[0], first=note), *earlier[1:]])
    assert verdict_on(bundle, policy=both) == "CP_LOGSIG"


def test_witnesses_that_did_not_see_the_end_are_said():
    log = before_the_theft()
    size, time = log.cosigned[-1]
    note = log.note(size, time, witnesses=(AGENCY,))
    log.go_on(note_sha256=sha256(note.encode()).hexdigest(), cosigned=False)
    log.happen("incident.commented", {"text": "afterwards"})
    log.write_heads()
    bundle = log.bundle()
    earlier = [
        replace(one, first=note) if one.size == size else one for one in bundle.earlier
    ]
    outcome = outcome_of(replace(bundle, earlier=earlier), policy=NEW_POLICY)
    assert (list(outcome.formers), outcome.seen_formers) == ([ORIGIN], frozenset())


def other_root():
    """An entry that names another root than the one that was signed."""
    return continued(root="ab" * 32).bundle()


def other_size():
    return continued(size=2).bundle()


def other_note():
    return continued(note_sha256="ab" * 32).bundle()


def own_name():
    return continued(origin=NEW_ORIGIN).bundle()


def no_size():
    return continued(size=True).bundle()


def future_size():
    return continued(size=50).bundle()


def unsaid():
    """Heads under the old name, and nothing that says why they are there."""
    return LOG.bundle(continues=())


def never_logged():
    """An entry that says so and stands in no log."""
    log = continued()
    line = log.continues(log.cosigned[-1][0])[0]
    stranger = ContinuedLog()
    for one in log.entries[: log.index]:
        stranger.seal(one)
    stranger.cosigned = log.cosigned[:3]
    stranger.go_on(reason="another")
    other = stranger.entries[stranger.index]
    entry = Entry(log.index, other.leaf, other.disclosed)
    return log.bundle(continues=[replace(line, line=entry)])


def behind_its_end():
    """A head under the old name that also holds what the new one holds."""
    earlier = list(LOG.bundle().earlier)
    size, time = LOG.cosigned[-2]
    note = LOG.note(size, time, keys=(LOG_KEY,))
    changed = [replace(one, first=note) if one.size == size else one for one in earlier]
    return LOG.bundle(earlier=changed)


def another_branch():
    """A head that the thief had cosigned for a history of his own."""
    fork = before_the_theft()
    fork.append("incident.commented", {"text": "made up"})
    note = fork.note(4, fork.now)
    earlier = [*LOG.bundle().earlier]
    proof = LOG.tree.consistency(4, LOG.cosigned[-1][0])
    return LOG.bundle(
        earlier=[*earlier, replace(earlier[0], size=4, first=note, proof=proof)]
    )


CONTINUED_ATTACKS = [
    (other_root, "CONTINUED"),
    (other_size, "CONTINUED"),
    (other_note, "CONTINUED"),
    (own_name, "CONTINUED"),
    (no_size, "CONTINUED"),
    (future_size, "CONTINUED"),
    (unsaid, "CP_ORIGIN"),
    (never_logged, "INCLUSION"),
    (behind_its_end, "CONTINUED"),
    (another_branch, "FORK"),
]


@pytest.mark.parametrize(("attack", "code"), CONTINUED_ATTACKS)
def test_attack_is_found(attack, code):
    assert verdict_on(attack(), policy=NEW_POLICY) == code


@pytest.mark.parametrize(
    ("size", "root", "verdict"),
    [
        (3, None, "VERIFIED"),
        (2, None, "VERIFIED"),
        (3, bytes(32), "FORK"),
        (2, bytes(32), "FORK"),
    ],
)
def test_old_head_that_was_seen_must_be_a_beginning_of_the_new_log(size, root, verdict):
    pinned = Pinned(Checkpoint(ORIGIN, size, root or LOG.tree.root(size)))
    found = verdict_on(LOG.bundle(), policy=NEW_POLICY, pinned=[pinned])
    assert found == verdict


def theft():
    """A bundle under the old name of what the thief added, with lines of witnesses."""
    log = before_the_theft()
    log.happen("incident.commented", {"text": "made up"})
    log.write_heads()
    return log.bundle()


def test_thief_gets_nowhere_with_who_knows_the_new_name():
    assert verdict_on(theft(), policy=NEW_POLICY) == "CP_ORIGIN"
    # Nothing tells it to who knows the old name alone, if witnesses went on.
    assert verdict_on(theft(), policy=POLICY) == "VERIFIED"
    ended = Pinned(END, is_ended=True)
    assert verdict_on(theft(), policy=POLICY, pinned=[ended]) == "ENDED"


def receipt_of(index, size, **more):
    note = LOG.note(size, LOG.cosigned[size - 1][1], keys=(LOG_KEY,), **more)
    path = LOG.tree.inclusion(index, size)
    proof = ProofFile(index, path, note, LOG.entries[index].leaf)
    return Receipt("mine.tlog-proof", write_proof(proof))


def test_receipt_under_the_old_name_counts_by_its_witnesses():
    receipts = [receipt_of(1, 3)]
    assert verdict_on(LOG.bundle(), policy=NEW_POLICY, receipts=receipts) == "VERIFIED"
    receipts = [receipt_of(1, 3, witnesses=(LAB,))]
    assert verdict_on(LOG.bundle(), policy=NEW_POLICY, receipts=receipts) == "RECEIPT"


def test_program_remembers_where_the_old_name_ended(tmp_path, capsys):
    log = before_the_theft()
    log.write_heads()
    files = {"old.zip": log.bundle(), "thief.zip": theft()}
    log.go_on()
    log.write_heads()
    files["new.zip"] = log.bundle()
    for name, bundle in files.items():
        (tmp_path / name).write_bytes(packed(bundle).getvalue())
    (tmp_path / "old.txt").write_text(POLICY_TEXT)
    (tmp_path / "new.txt").write_text(NEW_POLICY_TEXT)
    state = tmp_path / "state.txt"

    def verify(bundle, policy):
        words = [str(tmp_path / bundle), str(tmp_path / policy), "--state", str(state)]
        return main(words)

    assert verify("old.zip", "old.txt") == 0
    assert verify("new.zip", "new.txt") == 0
    assert f"Up to 4 entries the log was signed as {ORIGIN}" in capsys.readouterr().out
    origins = [block.split("\n")[0] for block in state.read_text().split("\n\n")]
    assert (origins, state.read_text().endswith("\nended\n")) == (
        [NEW_ORIGIN, ORIGIN],
        True,
    )
    assert verify("new.zip", "new.txt") == 0
    assert verify("old.zip", "old.txt") == 0  # what was true stays true
    kept = state.read_text()
    assert verify("thief.zip", "old.txt") == 1
    assert state.read_text() == kept
