"""Witnesses a log from a machine that nobody needs to reach: fetches, checks, cosigns.

    tocsin-witness new --dir DIR --name NAME --log ADDRESS --log-key VKEY
                       [--start-at SIZE ROOT]
    tocsin-witness pull --dir DIR [--print]
    tocsin-witness new-keys --dir DIR --log-key VKEY
    tocsin-witness show --dir DIR

`ADDRESS` is that of the log, as https://tocsin.example/log. `pull` fetches the newest
head and the proof that it extends the last one, makes the new head durable, and only
then hands its line over: to the log, or with --print to whoever carries it. It is meant
to be called each minute. Knows neither Django nor a database.

Ends with 0 cosigned, 1 the log contradicts what was cosigned (what it sent is kept in
DIR/evidence), 2 not usable as it stands, 3 the log did not answer; try again.
"""

import argparse
import fcntl
import json
import sys
import time
from base64 import b64encode
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from http.client import HTTPException
from pathlib import Path
from typing import Final
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit
from urllib.request import Request, urlopen

from incidents.ledger.checkpoint import parse_checkpoint
from incidents.ledger.merkle import EMPTY_ROOT, HASH_BYTES
from incidents.ledger.note import BadNote, parse_note, verify_note
from incidents.ledger.signing_keys import write_durably
from incidents.ledger.vkey import (
    BadKey,
    KeyType,
    VerificationKey,
    decode_base64,
    parse_vkey,
)
from incidents.ledger.witness_core import (
    Answer,
    BadRequest,
    Head,
    decide,
    read_request,
)
from incidents.ledger.witness_key import BadKeyFile, make_key, read_key

COSIGNED, CONTRADICTED, UNUSABLE, UNANSWERED = range(4)
TIMEOUT_SECONDS: Final = 20
MAX_ANSWER_BYTES: Final = 64 * 1024

# (address, body to post or None) -> answer. Raises Unanswered.
Fetch = Callable[[str, bytes | None], bytes]


class Unusable(Exception):
    """The witness cannot work as it stands; the message says why."""


class Unanswered(Exception):
    """The log did not answer as it should; the message says why."""


@dataclass(frozen=True, slots=True)
class Memory:
    """What a witness knows: the log, and the newest head of it that it cosigned."""

    log: str
    log_keys: tuple[str, ...]
    size: int
    root: str

    @property
    def head(self) -> Head:
        """Return the head. Raises Unusable."""
        root = decode_base64(self.root)
        if root is None or len(root) != HASH_BYTES or self.size < 0:
            raise Unusable("what was remembered of the log is spoiled")
        return Head(self.size, root)


def main(words: Sequence[str] | None = None) -> int:
    """Run one command; returns what the process ends with."""
    options = _parse(words)
    try:
        result: int = options.run(options)
    except (Unusable, BadKey, BadKeyFile, OSError) as error:
        sys.stderr.write(f"{error}\n")
        return UNUSABLE
    except Unanswered as error:
        sys.stderr.write(f"{error}\n")
        return UNANSWERED
    return result


def _parse(words: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="tocsin-witness")
    commands = parser.add_subparsers(required=True)
    new = commands.add_parser("new", help="make a witness of one log")
    new.add_argument("--name", required=True, help="such as naisa.example/witness/1")
    new.add_argument("--log", required=True, help="https://tocsin.example/log")
    new.add_argument("--log-key", required=True, action="append", metavar="VKEY")
    new.add_argument("--start-at", nargs=2, metavar=("SIZE", "ROOT"))
    new.set_defaults(run=_new)
    pull = commands.add_parser("pull", help="fetch, check and cosign the newest head")
    pull.add_argument("--print", action="store_true", help="hand nothing to the log")
    pull.set_defaults(run=_pull)
    show = commands.add_parser("show", help="print the public key and the last head")
    show.set_defaults(run=_show)
    keys = commands.add_parser("new-keys", help="know the log by other keys or name")
    keys.add_argument("--log-key", required=True, action="append", metavar="VKEY")
    keys.set_defaults(run=_new_keys)
    for command in (new, pull, keys, show):
        command.add_argument("--dir", required=True, type=Path)
    return parser.parse_args(words)


def _new(options: argparse.Namespace) -> int:
    if urlsplit(options.log).scheme not in {"http", "https"}:
        raise Unusable(f"{options.log} is not an http:// or https:// address")
    _check_keys(options.log_key)
    size, root = options.start_at or ("0", b64encode(EMPTY_ROOT).decode())
    if not size.isdecimal():
        raise Unusable(f"{size} is not a size")
    memory = Memory(options.log.rstrip("/"), tuple(options.log_key), int(size), root)
    if (memory.head.size == 0) != (memory.head.root == EMPTY_ROOT):
        raise Unusable("name the root at that size, in base64")
    try:
        key = make_key(options.dir / "key", name=options.name)
    except FileExistsError:
        raise Unusable(f"{options.dir} holds a witness already") from None
    _remember(options.dir, memory)
    sys.stdout.write(f"{key.public.vkey()}\n")
    return COSIGNED


def _check_keys(vkeys: Sequence[str]) -> None:
    for vkey in vkeys:
        if parse_vkey(vkey).type is not KeyType.LOG:
            raise Unusable(f"{vkey} is not the key of a log")


def _new_keys(options: argparse.Namespace) -> int:
    """Go on from the same head: so a log under a new name must continue the old one."""
    _check_keys(options.log_key)
    with _alone(options.dir):
        memory = _recall(options.dir)
        _remember(options.dir, replace(memory, log_keys=tuple(options.log_key)))
    return _show(options)


def _show(options: argparse.Namespace) -> int:
    memory = _recall(options.dir)
    key = read_key(options.dir / "key")
    sys.stdout.write(f"{key.public.vkey()}\n{memory.size} {memory.root}\n")
    return COSIGNED


def _pull(options: argparse.Namespace) -> int:
    with _alone(options.dir):
        now = int(time.time())
        return pull(options.dir, fetch=fetch_over_http, now=now, prints=options.print)


def pull(folder: Path, *, fetch: Fetch, now: int, prints: bool) -> int:
    """Cosign the newest head. Requires that no other does so for this folder.

    `now` is in seconds since 1970. Raises Unusable, Unanswered.
    """
    memory, key = _recall(folder), read_key(folder / "key")
    keys = [parse_vkey(vkey) for vkey in memory.log_keys]
    note = fetch(f"{memory.log}/checkpoint/newest", None)
    size = _size_of(note, keys)
    if size < memory.size:
        return _refuse(
            folder, note, now, f"the log shrank from {memory.size} to {size}"
        )
    body = b"old %d\n%s\n%s" % (memory.size, _proof(memory, size, fetch), note)
    try:
        request = read_request(body)
    except BadRequest as error:
        raise Unanswered(f"the log sent no proof: {error}") from None
    answer = decide(request, log_keys=keys, last=memory.head, key=key, time=now)
    if answer.head is None:
        return _refuse(folder, body, now, answer.body.strip())
    root = b64encode(answer.head.root).decode()
    _remember(folder, replace(memory, size=answer.head.size, root=root))
    _hand_over(memory, answer, fetch, prints=prints)
    return COSIGNED


def _size_of(note: bytes, keys: Sequence[VerificationKey]) -> int:
    """Return the size of a head that the log signed."""
    try:
        parsed = parse_note(note)
        verify_note(parsed, keys)
        checkpoint = parse_checkpoint(parsed.text)
    except BadNote as error:
        raise Unanswered(f"what the log sent is no head of it: {error}") from None
    if checkpoint.origin not in {key.name for key in keys}:
        raise Unanswered(f"this is a head of {checkpoint.origin!r}")
    return checkpoint.size


def _proof(memory: Memory, size: int, fetch: Fetch) -> bytes:
    if memory.size in {0, size}:
        return b""  # there is nothing to prove
    return fetch(f"{memory.log}/proof/consistency?from={memory.size}&to={size}", None)


def _refuse(folder: Path, sent: bytes, now: int, why: str) -> int:
    """Keep what the log sent, and cosign nothing."""
    kept = folder / "evidence" / f"{now}.txt"
    kept.parent.mkdir(mode=0o700, exist_ok=True)
    write_durably(kept, sent)
    sys.stderr.write(f"NOT COSIGNED: {why}. What the log sent: {kept}\n")
    return CONTRADICTED


def _hand_over(memory: Memory, answer: Answer, fetch: Fetch, *, prints: bool) -> None:
    if not prints:
        fetch(f"{memory.log}/cosignatures", answer.note.encode())
    sys.stdout.write(answer.note if prints else answer.body)


def _recall(folder: Path) -> Memory:
    """Return what the witness remembers. Raises Unusable when that was lost."""
    try:
        found = json.loads((folder / "memory.json").read_bytes())
        return Memory(**{**found, "log_keys": tuple(found["log_keys"])})
    except FileNotFoundError:
        remedy = "with what it remembered a witness is lost: make a new one"
        raise Unusable(f"{folder} holds no witness; {remedy}") from None
    except (ValueError, TypeError, KeyError) as error:
        raise Unusable(f"{folder / 'memory.json'} is spoiled: {error}") from None


def _remember(folder: Path, memory: Memory) -> None:
    content = json.dumps(asdict(memory), indent=1).encode()
    write_durably(folder / "memory.json", content)


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Let no second call work on the same memory."""
    with (folder / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Unanswered("another call of this witness is at work") from None
        yield


def fetch_over_http(address: str, body: bytes | None) -> bytes:
    """Return the body of a 200. Raises Unanswered."""
    headers = {"User-Agent": "tocsin-witness"}
    if body is not None:
        headers["Content-Type"] = "text/plain; charset=utf-8"
    # `new` took no other scheme than http and https.
    request = Request(address, data=body, headers=headers)  # noqa: S310 (see above)
    try:
        with urlopen(request, timeout=TIMEOUT_SECONDS) as response:  # noqa: S310 (same)
            answer: bytes = response.read(MAX_ANSWER_BYTES + 1)
    except HTTPError as error:
        said = error.read(300).decode("utf-8", "replace").strip()
        raise Unanswered(f"{address} answered {error.code}: {said}") from None
    except (URLError, OSError, HTTPException, ValueError) as error:
        raise Unanswered(f"{address} was not reached: {error}") from None
    if len(answer) > MAX_ANSWER_BYTES:
        raise Unanswered(f"{address} answered with too much")
    return answer


if __name__ == "__main__":
    sys.exit(main())
