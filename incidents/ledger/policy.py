"""Reads trust policies: which logs are believed, and which witnesses have to have seen.

    log <vkey> [<address>]
    witness <name> <vkey> [<address>]
    group <name> all|any|<k> <name>...
    quorum <name>|none

Whoever verifies holds this file himself; one that comes with what is to be verified
proves nothing. A line refers only to names above it, each name is a member of at most
one group, and no key stands twice, so that no witness counts twice.

Items are parted by spaces and tabs; lines that begin with # are remarks. Narrower than
its source in one point: what is not UTF-8 is refused.

Source: C2SP tlog-policy.
"""

import hashlib
import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from incidents.ledger.vkey import BadKey, KeyType, VerificationKey, parse_vkey

NO_QUORUM = "none"
MAX_POLICY_BYTES = 1_000_000

_COUNT = re.compile(r"[1-9][0-9]{0,5}")


class BadPolicy(ValueError):
    """The text is not a policy that may be relied on."""


@dataclass(frozen=True, slots=True)
class PolicyLog:
    """A log that is believed. The name of its key is its origin."""

    key: VerificationKey
    address: str = ""


@dataclass(frozen=True, slots=True)
class PolicyWitness:
    """A witness, under the name that the policy gives it."""

    name: str
    key: VerificationKey
    address: str = ""


@dataclass(frozen=True, slots=True)
class PolicyGroup:
    """Witnesses or groups of which `threshold` have to have seen a checkpoint."""

    name: str
    threshold: int
    members: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Policy:
    """What a checkpoint needs to be believed. `quorum` is NO_QUORUM for no witness."""

    logs: tuple[PolicyLog, ...]
    witnesses: tuple[PolicyWitness, ...]
    groups: tuple[PolicyGroup, ...]
    quorum: str

    @property
    def origins(self) -> tuple[str, ...]:
        """Return the origin of each log, in the order of their first keys."""
        return tuple(dict.fromkeys(log.key.name for log in self.logs))

    def keys_of(self, origin: str) -> tuple[VerificationKey, ...]:
        """Return the keys of one log: two while one is replaced."""
        return tuple(log.key for log in self.logs if log.key.name == origin)

    @property
    def witness_keys(self) -> tuple[VerificationKey, ...]:
        """Return the key of each witness."""
        return tuple(witness.key for witness in self.witnesses)

    def is_met(self, seen_by: Collection[VerificationKey]) -> bool:
        """Tell whether these witnesses are enough."""
        return self.quorum == NO_QUORUM or self.names_seen(seen_by)[self.quorum]

    def names_seen(self, seen_by: Collection[VerificationKey]) -> dict[str, bool]:
        """Return of each witness and each group whether it has seen a checkpoint."""
        has_seen = {one.name: one.key in seen_by for one in self.witnesses}
        for group in self.groups:
            count = sum(has_seen[name] for name in group.members)
            has_seen[group.name] = count >= group.threshold
        return has_seen

    def met_at(self, seen: Mapping[VerificationKey, int]) -> int | None:
        """Return when the last witness needed saw it; None while they are not enough.

        `seen` gives seconds since 1970 for a witness's key, as OpenedCheckpoint does.
        None too where no witness is needed, for then nobody vouches for a time.
        """
        times = sorted(set(seen.values()))
        return self._first_met(
            (time, {key for key, other in seen.items() if other <= time})
            for time in times
        )

    def met_since(self, seen: Mapping[VerificationKey, int]) -> int | None:
        """Return the latest time such that enough witnesses saw it then or later.

        A witness that was last heard long ago does not count where others are enough.
        """
        times = sorted(set(seen.values()), reverse=True)
        return self._first_met(
            (time, {key for key, other in seen.items() if other >= time})
            for time in times
        )

    def _first_met(
        self, candidates: Iterable[tuple[int, Collection[VerificationKey]]]
    ) -> int | None:
        if self.quorum == NO_QUORUM:
            return None
        return next((time for time, keys in candidates if self.is_met(keys)), None)

    def write(self) -> str:
        """Return the policy as a file."""
        lines = [_line("log", log.key.vkey(), log.address) for log in self.logs]
        lines += [
            _line("witness", one.name, one.key.vkey(), one.address)
            for one in self.witnesses
        ]
        lines += [
            _line("group", group.name, str(group.threshold), *group.members)
            for group in self.groups
        ]
        return "".join([*lines, _line("quorum", self.quorum)])

    def fingerprint(self) -> str:
        """Return what two holders compare to know that they hold the same policy.

        SHA-256 of what `write` returns, without addresses, in hexadecimal digits.
        """
        bare = Policy(
            tuple(PolicyLog(log.key) for log in self.logs),
            tuple(PolicyWitness(one.name, one.key) for one in self.witnesses),
            self.groups,
            self.quorum,
        )
        return hashlib.sha256(bare.write().encode()).hexdigest()


def _line(*items: str) -> str:
    return " ".join(item for item in items if item) + "\n"


def parse_policy(data: bytes | str) -> Policy:
    """Read a policy file. Raises BadPolicy, which names the line."""
    reader = _Reader()
    for number, line in enumerate(_decode(data).split("\n"), start=1):
        items = [item for item in re.split(r"[ \t]+", line) if item]
        if not items or items[0].startswith("#"):
            continue
        try:
            reader.take(items)
        except (BadPolicy, BadKey) as error:
            raise BadPolicy(f"line {number}: {error}") from None
    return reader.policy()


def _decode(data: bytes | str) -> str:
    if len(data) > MAX_POLICY_BYTES:
        raise BadPolicy(f"a policy has at most {MAX_POLICY_BYTES} bytes")
    try:
        text = data.decode() if isinstance(data, bytes) else data
    except UnicodeDecodeError:
        raise BadPolicy("a policy is UTF-8") from None
    if any((char < " " and char not in "\t\n") or char == "\x7f" for char in text):
        raise BadPolicy("a policy has no control characters, and LF ends its lines")
    return text


class _Reader:
    """A policy of which some lines are read."""

    def __init__(self) -> None:
        self.logs: list[PolicyLog] = []
        self.witnesses: list[PolicyWitness] = []
        self.groups: list[PolicyGroup] = []
        self.quorum = ""
        self._names: set[str] = set()
        self._members: set[str] = set()

    def take(self, items: list[str]) -> None:
        word, *rest = items
        match word, rest:
            case "log", [vkey, *address] if len(address) <= 1:
                key = _key(vkey, KeyType.LOG, (log.key for log in self.logs))
                self.logs.append(PolicyLog(key, *address))
            case "witness", [name, vkey, *address] if len(address) <= 1:
                known = (one.key for one in self.witnesses)
                key = _key(vkey, KeyType.WITNESS, known)
                self._define(name)
                self.witnesses.append(PolicyWitness(name, key, *address))
            case "group", [name, threshold, *members] if members:
                self._take_group(name, threshold, members)
            case "quorum", [name]:
                self._take_quorum(name)
            case _:
                raise BadPolicy(f"{' '.join(items)!r} is not a line of a policy")

    def _define(self, name: str) -> None:
        if name == NO_QUORUM or name in self._names:
            raise BadPolicy(f"the name {name!r} is taken")
        self._names.add(name)

    def _take_group(self, name: str, threshold: str, members: list[str]) -> None:
        for member in members:
            if member not in self._names:
                raise BadPolicy(f"no line above defines {member!r}")
            if member in self._members:
                raise BadPolicy(f"{member!r} is already a member of a group")
            self._members.add(member)
        self._define(name)
        count = _threshold(threshold, len(members))
        self.groups.append(PolicyGroup(name, count, tuple(members)))

    def _take_quorum(self, name: str) -> None:
        if self.quorum:
            raise BadPolicy("there are two lines with a quorum")
        if name != NO_QUORUM and name not in self._names:
            raise BadPolicy(f"no line above defines {name!r}")
        self.quorum = name

    def policy(self) -> Policy:
        if not self.quorum:
            raise BadPolicy("a line with the quorum is missing")
        return Policy(
            tuple(self.logs), tuple(self.witnesses), tuple(self.groups), self.quorum
        )


def _key(
    vkey: str, key_type: KeyType, known: Iterable[VerificationKey]
) -> VerificationKey:
    key = parse_vkey(vkey)
    if key.type is not key_type:
        raise BadPolicy(f"{vkey!r} is not a key of a {key_type.name.lower()}")
    if key.public in {other.public for other in known}:
        raise BadPolicy(f"{vkey!r} stands there twice")
    return key


def _threshold(text: str, count: int) -> int:
    if text in {"all", "any"}:
        return count if text == "all" else 1
    if _COUNT.fullmatch(text) is None or int(text) > count:
        raise BadPolicy(f"{text!r} is not all, any or a number from 1 to {count}")
    return int(text)
