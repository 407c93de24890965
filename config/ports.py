"""Choose where to listen: ports of the site, a folder for the servers' sockets."""

import errno
import hashlib
import os
import socket
import tempfile
from pathlib import Path

from config.programs import ServerFailed

PORTS_TO_TRY = 100
LAST_PORT = 65535
SOCKET_PATH_LIMIT_BYTES = 100


class PortTaken(Exception):
    """Another program listens on the port."""


def choose_port(explicit: int | None, *, default: int) -> int:
    """Return the port to listen on: a named one, or the first free from the default.

    Raises `PortTaken` if the named one, or all that were tried, are taken.
    """
    if explicit is not None:
        if not is_free(explicit):
            raise PortTaken(f"Port {explicit} is taken; name another one with --port.")
        return explicit
    for port in range(default, min(default + PORTS_TO_TRY, LAST_PORT)):
        if is_free(port):
            return port
    raise PortTaken(f"No free port from {default} on; name one with --port.")


def is_free(port: int) -> bool:
    """Tell whether this user may listen on the port and nobody else does."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        # Connections of an earlier start that linger must not make it look taken.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
            probe.listen(1)
        except OSError as error:
            if error.errno in {errno.EADDRINUSE, errno.EACCES}:
                return False
            raise
    return True


def socket_folder(data: Path) -> Path:
    """Return the folder for sockets: in the data folder, unless its path is too long.

    Then it is a private folder in the temporary directory, the same at every start.
    Raises `ServerFailed` if that one belongs to somebody else.
    """
    folder = data / "run"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    longest = os.fsencode(folder / ".s.PGSQL.5432.lock")
    if len(longest) <= SOCKET_PATH_LIMIT_BYTES and not set(str(folder)) & set(",'\""):
        return folder
    name = hashlib.sha256(os.fsencode(data)).hexdigest()[:16]
    private = Path(tempfile.gettempdir()) / f"tocsin-{name}"
    private.mkdir(mode=0o700, exist_ok=True)
    found = private.lstat()
    if private.is_symlink() or found.st_uid != os.geteuid() or found.st_mode & 0o077:
        raise ServerFailed(f"{private} belongs to somebody else; set another TMPDIR.")
    return private
