"""Choose ports to listen on."""

import errno
import socket

PORTS_TO_TRY = 100
LAST_PORT = 65535


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
