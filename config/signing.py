"""Say how the log's signer runs on a data folder, where it is not run apart.

In earnest it has a user of its own (docs/howto/production.md) and TOCSIN_SIGNER_SOCKET
names its socket; `up` and `manage.py signer` fall back to the data folder.
"""

import secrets
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

from config.ports import socket_folder

SIGNER_MODULE = "incidents.ledger.signer"


def signer_words(data: Path, environ: Mapping[str, str]) -> list[str]:
    """Return the arguments with which the signer serves this data folder."""
    home = data / "signer"
    words = ["--dir", str(home), "--socket", str(signer_socket(data, environ))]
    if (home / "origin").exists():
        return words
    return [*words, "--origin", first_origin(environ.get("BASE_URL", ""))]


def signer_socket(data: Path, environ: Mapping[str, str]) -> Path:
    """Return where the signer is asked."""
    chosen = environ.get("TOCSIN_SIGNER_SOCKET")
    return Path(chosen) if chosen else socket_folder(data) / "signer.sock"


def first_origin(base_url: str) -> str:
    """Return a new log's name: no two installations may share one, nor copies of one."""
    host = urlsplit(base_url).hostname or "localhost"
    return f"{host}/log/{secrets.token_hex(4)}"
