"""Signs acknowledgements from a command line, with a key that never leaves its file.

    tocsin-sign new KEY --name NAME
    tocsin-sign show KEY
    tocsin-sign register KEY --email ADDRESS --organisation SLUG
    tocsin-sign ack KEY [REQUEST]

`new` makes a key and prints the line by which others pin it. `register` prints what
proves to Tocsin that the key is yours. `ack` reads what Tocsin asks to be signed (JSON,
from the file or the standard input), shows it, and prints the signatures; both prints
are pasted into the page or posted to the API. Needs `cryptography`, no Django, no
network.

Ends with 0 done, 2 not possible.
"""

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from incidents.ledger.dsse import sign
from incidents.ledger.ed25519 import HAS_LIBRARY
from incidents.ledger.party_ack import ACK_TYPE, BadAck, parse_ack
from incidents.ledger.party_key import POSSESSION_TYPE, Possession, fingerprint
from incidents.ledger.vkey import BadKey, KeyType, SigningKey
from incidents.ledger.witness_key import BadKeyFile, make_key, read_key

DONE, IMPOSSIBLE = 0, 2
MAX_REQUEST_BYTES: Final = 256 * 1024


class BadRequest(ValueError):
    """What should be signed is not what Tocsin asks to be signed."""


def main(words: Sequence[str] | None = None) -> int:
    """Run one command; returns what the process ends with."""
    options = _parse(words)
    if not HAS_LIBRARY:
        sys.stderr.write("this needs the package cryptography: pip install it\n")
        return IMPOSSIBLE
    try:
        sys.stdout.write(options.run(options))
    except FileExistsError:
        sys.stderr.write(f"{options.key} is there already; a key is never replaced\n")
        return IMPOSSIBLE
    except (BadRequest, BadAck, BadKey, BadKeyFile, OSError) as error:
        sys.stderr.write(f"{error}\n")
        return IMPOSSIBLE
    return DONE


def _parse(words: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="tocsin-sign")
    commands = parser.add_subparsers(required=True)
    new = commands.add_parser("new", help="make a key")
    show = commands.add_parser("show", help="print the line that others pin")
    register = commands.add_parser("register", help="prove to Tocsin that you have it")
    ack = commands.add_parser("ack", help="sign an acknowledgement")
    for command, run in (
        (new, _new),
        (show, _show),
        (register, _register),
        (ack, _ack),
    ):
        command.add_argument("key", type=Path, help="the file of the key")
        command.set_defaults(run=run)
    new.add_argument("--name", required=True, help="such as naisa.example/duty-officer")
    register.add_argument("--email", required=True, help="by which you sign in")
    register.add_argument("--organisation", required=True, help="its short name")
    ack.add_argument(
        "request", nargs="?", type=Path, help="- or nothing: standard input"
    )
    return parser.parse_args(words)


def _new(options: argparse.Namespace) -> str:
    return _shown(make_key(options.key, name=options.name, key_type=KeyType.LOG))


def _show(options: argparse.Namespace) -> str:
    return _shown(_key(options))


def _shown(key: SigningKey) -> str:
    return f"{key.public.vkey()}\nfingerprint {fingerprint(key.public.public)}\n"


def _register(options: argparse.Namespace) -> str:
    key = _key(options)
    statement = Possession(
        options.email, key.public.public, key.public.name, options.organisation
    )
    return _written(_signed(key, POSSESSION_TYPE, statement.write()))


def _ack(options: argparse.Namespace) -> str:
    key = _key(options)
    payloads = _asked(options.request)
    for payload in payloads:
        ack = parse_ack(payload)
        told = f"{ack.by} acknowledged at {ack.at}: entry {ack.ack_of.hex()}"
        sys.stderr.write(f"{told}\n")
    return _written([_signed(key, ACK_TYPE, payload) for payload in payloads])


def _asked(path: Path | None) -> list[bytes]:
    """Return the payloads of a request. Raises BadRequest."""
    if path is None or str(path) == "-":
        data = sys.stdin.buffer.read(MAX_REQUEST_BYTES)
    else:
        data = path.read_bytes()[:MAX_REQUEST_BYTES]
    try:
        payloads = json.loads(data)["payloads"]
        return [payload.encode() for payload in payloads]
    except (ValueError, LookupError, TypeError, AttributeError):
        wanted = 'JSON with "payloads", as the page shows it, is needed'
        raise BadRequest(wanted) from None


def _key(options: argparse.Namespace) -> SigningKey:
    return read_key(options.key, key_type=KeyType.LOG)


def _signed(key: SigningKey, payload_type: str, payload: bytes) -> dict[str, Any]:
    envelope = sign(payload_type, payload, public=key.public.public, by=key.sign)
    return envelope.value()


def _written(value: object) -> str:
    return f"{json.dumps(value)}\n"


if __name__ == "__main__":
    sys.exit(main())
