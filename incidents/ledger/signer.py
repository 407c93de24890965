r"""Run the signer of the log: `manage.py signer` or `python -m incidents.ledger.signer`.

    signer --dir DIR --socket PATH [--origin O] [--socket-mode 660] [--device CLASS]
    signer --dir DIR add-key | destroy-key ID | start-at SIZE ROOT | show
    signer --dir DIR new-log ORIGIN

A process of its own, best under a user of its own: it imports neither Django nor
settings and knows no database. On its Unix socket it has one verb, one line a
connection:

    {"old_size": 3, "proof": ["…hex…"], "size": 5, "root": "…hex…"}
    {"lines": ["— origin base64\n"]}   or   {"error": "why not", "signed_size": 3}
"""

import argparse
import contextlib
import json
import os
import signal
import socketserver
import sys
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from incidents.ledger.checkpoint import BadCheckpoint, Checkpoint
from incidents.ledger.head_signer import (
    MAX_PROOF_HASHES,
    HeadSigner,
    Refused,
    Request,
    empty_head,
    read_state,
    write_state,
)
from incidents.ledger.signer_client import keys_beside
from incidents.ledger.signing_keys import (
    BadKeyFolder,
    add_key,
    destroy_key,
    device_key,
    read_keys,
    sync_folder,
    write_durably,
)
from incidents.ledger.vkey import BadKey, SigningKey, is_key_name

MAX_REQUEST_BYTES = 65_536
PATIENCE_SECONDS = 5.0
MAX_CONNECTIONS = 32


class Home:
    """The signer's folder: its keys, its origin and what it signed last."""

    def __init__(self, folder: Path, *, device: str = "") -> None:
        self.folder = folder
        self.keys_folder = folder / "keys"
        self.state = folder / "signed.json"
        self._device = device

    def prepare(self, origin: str) -> None:
        """Make the folder on the first start; later only check that it is this log's."""
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        path = self.folder / "origin"
        if not path.exists():
            if not is_key_name(origin):
                raise BadKeyFolder(f"{origin!r} is no origin: no space, no plus")
            # The state before the origin: whoever finds an origin finds a state.
            write_state(self.state, empty_head(origin))
            write_durably(path, origin.encode())
        if origin and origin != self.origin:
            raise BadKeyFolder(
                f"{self.folder} signs for {self.origin}, not for {origin}: a new origin "
                "needs a folder of its own"
            )
        if not self._device and not self.keys():
            add_key(self.keys_folder, name=self.origin)
        read_state(self.state, origin=self.origin)

    def begin_anew(self, origin: str) -> None:
        """Sign for another log from now on, with a fresh key; the old one is kept apart.

        Whoever is interrupted says the same again: the old origin goes last.
        """
        if not is_key_name(origin):
            raise BadKeyFolder(f"{origin!r} is no origin: no space, no plus")
        ended = self.folder / "ended"
        kept = [one for one in ended.glob("*") if (one / "origin").exists()]
        is_begun = kept and not (self.folder / "origin").exists()
        if not is_begun and self.origin != origin:
            self._set_aside(ended / f"{len(kept) + 1}")
        self.prepare(origin)

    def _set_aside(self, aside: Path) -> None:
        aside.mkdir(mode=0o700, parents=True, exist_ok=True)
        for name in ("signed.json", "keys", "origin"):
            if (self.folder / name).exists():
                (self.folder / name).rename(aside / name)
        sync_folder(aside)
        sync_folder(self.folder)

    @property
    def origin(self) -> str:
        """Return the name of the log that this folder signs for."""
        try:
            return (self.folder / "origin").read_text(encoding="utf-8")
        except OSError as error:
            raise BadKeyFolder(
                f"{self.folder} is no folder of a signer: {error}"
            ) from None

    def keys(self) -> tuple[SigningKey, ...]:
        """Return the keys that sign now, oldest first."""
        held = read_keys(self.keys_folder, name=self.origin)
        if self._device:
            return (*held, device_key(self._device, name=self.origin))
        return held

    def vkeys(self) -> str:
        """Return the public keys, a line each."""
        return "".join(f"{key.public.vkey()}\n" for key in self.keys())


class _Server(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    """One thread a connection, so that a hung client delays nobody."""

    daemon_threads = True
    request_queue_size = 64

    def __init__(self, socket_path: Path, answer: Callable[[bytes], bytes]) -> None:
        self.answer = answer
        self.room = threading.BoundedSemaphore(MAX_CONNECTIONS)
        super().__init__(str(socket_path), _Handler)


class _Handler(socketserver.StreamRequestHandler):
    timeout = PATIENCE_SECONDS
    server: _Server

    def handle(self) -> None:
        with contextlib.suppress(OSError):
            if not self.server.room.acquire(blocking=False):
                self.wfile.write(_error("too many ask at once: ask again"))
                return
            try:
                line = self.rfile.readline(MAX_REQUEST_BYTES)
                self.wfile.write(self.server.answer(line))
            finally:
                self.server.room.release()


def answer_line(signer: HeadSigner, line: bytes) -> bytes:
    """Return the answer to one request line."""
    try:
        lines = signer.sign(parse_request(line))
    except Refused as refused:
        _log("refused", why=str(refused))
        return _error(str(refused), signed_size=refused.signed_size)
    except (ValueError, BadKeyFolder, OSError) as error:
        _log("failed", why=str(error))
        return _error(str(error))
    return json.dumps({"lines": list(lines)}).encode() + b"\n"


def parse_request(line: bytes) -> Request:
    """Read one request. Raises ValueError."""
    if not line.endswith(b"\n"):
        raise ValueError(f"a request is one line of at most {MAX_REQUEST_BYTES} bytes")
    try:
        members = json.loads(line)
    except (ValueError, RecursionError):
        raise ValueError("a request is a JSON object") from None
    names = {"old_size", "proof", "size", "root"}
    if not isinstance(members, dict) or members.keys() != names:
        raise ValueError(f"a request has exactly {', '.join(sorted(names))}")
    proof = members["proof"]
    if not isinstance(proof, list) or len(proof) > MAX_PROOF_HASHES:
        raise ValueError(f"a proof is a list of at most {MAX_PROOF_HASHES} hashes")
    return Request(
        old_size=_size(members["old_size"]),
        proof=tuple(_hash(one) for one in proof),
        size=_size(members["size"]),
        root=_hash(members["root"]),
    )


def _size(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < 2**63:
        raise ValueError(f"{value!r} is no size of a log")
    return value


def _hash(value: object) -> bytes:
    if not isinstance(value, str) or len(value) != 64:  # noqa: PLR2004  (32 bytes in hex)
        raise ValueError("a hash is 64 hexadecimal digits")
    return bytes.fromhex(value)


def _error(why: str, **more: Any) -> bytes:
    return json.dumps({"error": why, **more}).encode() + b"\n"


def _log(event: str, **facts: object) -> None:
    sys.stderr.write(json.dumps({"event": event, "logger": "signer", **facts}) + "\n")
    sys.stderr.flush()


def serve(home: Home, socket_path: Path, *, mode: int) -> None:
    """Answer on the socket until told to stop."""
    socket_path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with contextlib.suppress(FileNotFoundError):
        socket_path.unlink()
    signer = HeadSigner(home.origin, home.state, home.keys)
    before = os.umask(0o177)
    try:
        server = _Server(socket_path, lambda line: answer_line(signer, line))
    finally:
        os.umask(before)
    socket_path.chmod(mode)
    publish_keys(home, socket_path)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    # Keys are added and destroyed by other processes while this one runs.
    signal.signal(signal.SIGHUP, lambda *_: publish_keys(home, socket_path))
    _log("ready", origin=home.origin, socket=str(socket_path))
    with contextlib.suppress(KeyboardInterrupt), server:
        server.serve_forever()


def publish_keys(home: Home, socket_path: Path) -> None:
    """Write the public keys beside the socket, for whoever may reach that."""
    path = keys_beside(socket_path)
    write_durably(path, home.vkeys().encode())
    path.chmod(0o644)


def main(words: Sequence[str] | None = None) -> None:
    """Run one command line. Exits with one line when the folder is not as it must be."""
    options = _options().parse_args(words)
    try:
        _run(options)
    except (BadKeyFolder, BadKey, BadCheckpoint, OSError) as error:
        sys.exit(f"signer: {error}")


def _options() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="signer", description="Sign the log's heads.")
    parser.add_argument("--dir", required=True, type=Path, help="its folder, mode 0700")
    parser.add_argument("--socket", type=Path, help="where it is asked")
    parser.add_argument("--socket-mode", default="600", help="octal; 660 for a group")
    parser.add_argument(
        "--origin", default="", help="the log's name, on the first start"
    )
    parser.add_argument("--device", default="", help="class of the device with the key")
    actions = parser.add_subparsers(dest="action")
    actions.add_parser("add-key", help="make a key that signs beside the others")
    destroy = actions.add_parser("destroy-key", help="remove a key for ever")
    destroy.add_argument("id", help="its 8 hexadecimal digits")
    anew = actions.add_parser("new-log", help="after a theft: a new name, a fresh key")
    anew.add_argument("name", help="the new log's name")
    start = actions.add_parser("start-at", help="say what is signed when that is lost")
    start.add_argument("size", type=int)
    start.add_argument("root", type=bytes.fromhex, help="64 hexadecimal digits")
    actions.add_parser("show", help="print the public keys and what is signed")
    return parser


def _run(options: argparse.Namespace) -> None:
    home = Home(options.dir, device=options.device)
    if options.action is None:
        if options.socket is None:
            raise BadKeyFolder("--socket says where it is asked")
        home.prepare(options.origin)
        serve(home, options.socket, mode=int(options.socket_mode, 8))
        return
    if options.action == "add-key":
        add_key(home.keys_folder, name=home.origin)
    elif options.action == "destroy-key":
        destroy_key(home.keys_folder, name=home.origin, key_id=options.id)
    elif options.action == "new-log":
        home.begin_anew(options.name)
    elif options.action == "start-at":
        write_state(home.state, Checkpoint(home.origin, options.size, options.root))
    signed = read_state(home.state, origin=home.origin)
    sys.stdout.write(f"{home.vkeys()}signed {signed.size} {signed.root.hex()}\n")
    if options.socket:
        publish_keys(home, options.socket)


if __name__ == "__main__":
    main()
