"""An operator's log with two witnesses, in memory: honest, or not, as a test says.

Each entry is sealed alone and its head cosigned a few seconds later, so the witnesses
bound its time closely; while nothing happens heads are cosigned again each minute.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from incidents.ledger.bundle import Bundle, ProvedLine
from incidents.ledger.bundle_parts import Completeness, EarlierHead, Entry
from incidents.ledger.canonical import GENESIS, disclose, format_at, leaf_bytes
from incidents.ledger.checkpoint import Checkpoint, cosign, sign_checkpoint
from incidents.ledger.heads import (
    SYSTEM_STREAM,
    Head,
    heads_root,
    prove_head,
    sorted_lines,
)
from incidents.ledger.merkle import (
    complete_subtrees,
    consistency_ranges,
    fold,
    inclusion_ranges,
    leaf_hash,
    node_hash,
)
from incidents.ledger.note import write_note
from incidents.ledger.policy import parse_policy
from incidents.ledger.vkey import KeyType, signing_key

ORIGIN = "log.example/1"
LOG_KEY = signing_key(ORIGIN, KeyType.LOG, bytes([1]) * 32)
AGENCY = signing_key("agency.example/w", KeyType.WITNESS, bytes([2]) * 32)
LAB = signing_key("lab.example/w", KeyType.WITNESS, bytes([3]) * 32)
POLICY_TEXT = f"""\
log {LOG_KEY.public.vkey()}
witness agency {AGENCY.public.vkey()}
witness lab {LAB.public.vkey()}
group both all agency lab
quorum both
"""
POLICY = parse_policy(POLICY_TEXT)

STREAM = UUID("7f3d0c52-6a41-4b0e-9d55-0c2a1e9b4f10")
OTHER_STREAM = UUID("1b1c2d3e-0000-4000-8000-000000000001")
START = 1_795_446_000  # 2026-11-23T15:00:00Z


class Tree:
    """A Merkle tree that answers fast about any of its sizes."""

    def __init__(self, hashes: Iterable[bytes] = ()) -> None:
        self.levels: list[list[bytes]] = [[]]
        for hashed in hashes:
            self.append(hashed)

    @property
    def size(self) -> int:
        return len(self.levels[0])

    def append(self, hashed: bytes) -> None:
        level = 0
        self.levels[0].append(hashed)
        while len(self.levels[level]) % 2 == 0:
            if level + 1 == len(self.levels):
                self.levels.append([])
            pair = self.levels[level][-2:]
            level += 1
            self.levels[level].append(node_hash(*pair))

    def root(self, size: int) -> bytes:
        return self._above(0, size)

    def inclusion(self, index: int, size: int) -> tuple[bytes, ...]:
        return tuple(self._above(*one) for one in inclusion_ranges(index, size))

    def consistency(self, old: int, size: int) -> tuple[bytes, ...]:
        return tuple(self._above(*one) for one in consistency_ranges(old, size))

    def _above(self, start: int, end: int) -> bytes:
        return fold([self.levels[h][n] for h, n in complete_subtrees(start, end)])


@dataclass(frozen=True)
class Logged:
    """One entry in the log."""

    stream: UUID
    seq: int
    leaf: bytes
    disclosed: Mapping[str, str]


class SimulatedLog:
    """A log in memory. `now` moves on as entries are appended."""

    def __init__(self, *, now: int = START) -> None:
        self.now = now
        self.entries: list[Logged] = []
        self.tree = Tree()
        self.cosigned: list[tuple[int, int]] = []  # size, time
        self.completeness: dict[UUID, Completeness] = {}
        self._ends: dict[UUID, tuple[int, bytes]] = {}

    @property
    def size(self) -> int:
        return len(self.entries)

    def append(
        self,
        kind: str = "incident.commented",
        fields: Mapping[str, Any] | None = None,
        *,
        stream: UUID = STREAM,
        at: float | None = None,
        **changed: Any,
    ) -> int:
        """Seal one entry; `at` is what it claims. Returns its index."""
        fields = {"text": f"Number {self.size}"} if fields is None else fields
        pairs = {name: disclose(name, value) for name, value in fields.items()}
        seq, prev = self._ends.get(stream, (0, GENESIS))
        leaf = leaf_bytes(
            **{
                "at": format_at(moment(self.now if at is None else at)),
                "commit": {name: digest for name, (_, digest) in pairs.items()},
                "prev": prev,
                "seq": seq + 1,
                "stream": stream,
                "type": kind,
                **changed,
            }
        )
        texts = {name: text for name, (text, _) in pairs.items()}
        return self.seal(Logged(stream, seq + 1, leaf, texts))

    def seal(self, logged: Logged) -> int:
        """Put an entry at the end of the log, whatever it says."""
        self.entries.append(logged)
        self.tree.append(leaf_hash(logged.leaf))
        self._ends[logged.stream] = logged.seq, leaf_hash(logged.leaf)
        return self.size - 1

    def replace(self, index: int, **changed: Any) -> None:
        """Edit an entry where it stands and make the tree anew, as an operator could."""
        self.entries[index] = replace(self.entries[index], **changed)
        self.tree = Tree(leaf_hash(one.leaf) for one in self.entries)

    def branch(self) -> "SimulatedLog":
        """Return another log that is the same so far."""
        other = SimulatedLog(now=self.now)
        for one in self.entries:
            other.seal(one)
        other.cosigned = list(self.cosigned)
        other.completeness = dict(self.completeness)
        return other

    def happen(self, *args: Any, seconds: int = 20, **kwargs: Any) -> int:
        """Append an entry, have it cosigned 5 seconds later, and let time pass."""
        index = self.append(*args, **kwargs)
        self.now += 5
        self.cosign()
        self.now += seconds - 5
        return index

    def cosign(self) -> None:
        """Have both witnesses see the log as it is now."""
        self.cosigned.append((self.size, self.now))

    def wait(self, seconds: int) -> None:
        """Let time pass in which nothing happens but heartbeats."""
        for _ in range(seconds // 60):
            self.now += 60
            self.cosign()
        self.now += seconds % 60

    def write_heads(self, *, at: float | None = None) -> None:
        """Log a list of the heads of all streams, as of now; `at` is what it claims."""
        upto = self.size
        heads = {
            stream: Head(stream, *end)
            for stream, end in self._ends.items()
            if stream != SYSTEM_STREAM
        }
        lines = sorted_lines(heads.values())
        value = heads_root(lines, upto=upto).value()
        fields = {"heads": value}
        index = self.happen("log.heads", fields, stream=SYSTEM_STREAM, at=at)
        for stream in heads:
            place, path = prove_head(lines, stream)
            self.completeness[stream] = Completeness(
                index,
                self.entries[index].leaf,
                (),
                self.entries[index].disclosed["heads"],
                lines[place],
                place,
                tuple(path),
            )

    def note(
        self,
        size: int,
        time: int,
        *,
        keys: Sequence[Any] = (LOG_KEY,),
        witnesses: Sequence[Any] = (AGENCY, LAB),
    ) -> str:
        """Return a signed note; each witness saw it a second after the one before."""
        checkpoint = Checkpoint(keys[0].public.name, size, self.tree.root(size))
        signed = sign_checkpoint(checkpoint, keys)
        for late, key in enumerate(witnesses):
            signed = signed.with_signature(cosign(checkpoint, key, time=time + late))
        return write_note(signed)

    def lines(self, stream: UUID = STREAM) -> Iterator[Entry]:
        """Yield the entries of a stream as they are handed over."""
        for index, one in enumerate(self.entries):
            if one.stream == stream:
                yield Entry(index, one.leaf, one.disclosed)

    def proved(self, lines: Iterable[Any], size: int) -> Iterator[ProvedLine]:
        for line in lines:
            yield ProvedLine(line, self.tree.inclusion(line.index, size))

    def bundle(
        self, *, stream: UUID = STREAM, lines: Iterable[Any] | None = None, **more: Any
    ) -> Bundle:
        """Return an honest bundle of a stream, under the newest cosigned head."""
        size, time = self.cosigned[-1]
        part = self.completeness.get(stream)
        if part is not None:
            part = replace(part, path=self.tree.inclusion(part.index, size))
        lines = self.lines(stream) if lines is None else lines
        return replace(
            Bundle(
                head=self.note(size, time),
                stream=stream,
                entries=list(self.proved(lines, size)),
                completeness=part,
                earlier=list(self.earlier(size)),
            ),
            **more,
        )

    def earlier(self, head_size: int) -> Iterator[EarlierHead]:
        times: dict[int, list[int]] = {}
        for size, time in self.cosigned:
            times.setdefault(size, []).append(time)
        for size, seen in times.items():
            if size <= head_size:
                last = self.note(size, seen[-1]) if len(seen) > 1 else ""
                proof = self.tree.consistency(size, head_size)
                yield EarlierHead(size, proof, self.note(size, seen[0]), last)


def moment(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def small_log() -> SimulatedLog:
    """Return a log of two streams, with a list of heads at its end."""
    log = SimulatedLog()
    log.happen("incident.opened", {"body": {"severity": 3}}, stream=OTHER_STREAM)
    log.happen("incident.reported", {"body": {"severity": 4}, "title": "Weights left"})
    log.happen("incident.commented", {"text": "Rotating keys", "actor": {"by": "Ana"}})
    log.happen(stream=OTHER_STREAM)
    log.happen("incident.commented", {"text": "Keys are rotated"})
    log.wait(600)
    log.happen("incident.resolved", {"reason": "Contained"})
    log.write_heads()
    return log
