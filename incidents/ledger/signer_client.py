"""Asks the signer for a signature, and reads which keys it signs with.

The socket's neighbour `<socket>.vkeys` holds the signer's public keys, one a line; a
key's name is the log's origin.
"""

import json
import os
import socket
from collections.abc import Sequence
from pathlib import Path

from incidents.ledger.vkey import VerificationKey, parse_vkey

PATIENCE_SECONDS = 5.0
MAX_ANSWER_BYTES = 65_536


class SignerUnavailable(Exception):
    """Nobody answers: the head is signed once the signer is back."""


class SignerRefused(Exception):
    """The signer says no, and why."""


def sign(
    socket_path: Path, old_size: int, proof: Sequence[bytes], size: int, root: bytes
) -> tuple[str, ...]:
    """Return the signature lines of a head. Raises SignerUnavailable, SignerRefused."""
    request = {
        "old_size": old_size,
        "proof": [one.hex() for one in proof],
        "size": size,
        "root": root.hex(),
    }
    answer = _ask(socket_path, json.dumps(request).encode() + b"\n")
    if "error" in answer:
        raise SignerRefused(str(answer["error"]))
    lines = answer.get("lines")
    if not isinstance(lines, list) or not lines:
        raise SignerUnavailable("the signer answers with something else than lines")
    return tuple(str(line) for line in lines)


def public_keys(socket_path: Path) -> tuple[VerificationKey, ...]:
    """Return the keys that sign, oldest first. Raises SignerUnavailable, BadKey."""
    path = keys_beside(socket_path)
    try:
        lines = path.read_text(encoding="ascii").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise SignerUnavailable(f"{path} cannot be read: {error}") from None
    return tuple(parse_vkey(line) for line in lines if line)


def keys_beside(socket_path: Path) -> Path:
    """Return the file of public keys that belongs to a socket."""
    return socket_path.with_name(f"{socket_path.name}.vkeys")


def is_separated(socket_path: Path) -> bool:
    """Tell whether the signer runs as another user, out of this process's reach."""
    try:
        owner = socket_path.stat().st_uid
    except OSError:
        return False
    return os.geteuid() not in {0, owner}


def _ask(socket_path: Path, request: bytes) -> dict[str, object]:
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
            connection.settimeout(PATIENCE_SECONDS)
            connection.connect(str(socket_path))
            connection.sendall(request)
            answer = json.loads(_read_line(connection))
    except (OSError, ValueError) as error:
        raise SignerUnavailable(f"the signer does not answer: {error}") from None
    if not isinstance(answer, dict):
        raise SignerUnavailable("the signer answers with something else than an object")
    return answer


def _read_line(connection: socket.socket) -> bytes:
    received = b""
    while not received.endswith(b"\n") and len(received) < MAX_ANSWER_BYTES:
        chunk = connection.recv(4096)
        if not chunk:
            break
        received += chunk
    return received
