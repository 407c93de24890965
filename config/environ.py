"""A request of the web server's as WSGI (PEP 3333) names its parts."""

import sys
from typing import Any, Final

_BASE: Final = {
    "SCRIPT_NAME": "",
    "wsgi.version": (1, 0),
    "wsgi.errors": sys.stderr,
    "wsgi.multithread": True,
    "wsgi.multiprocess": True,
    "wsgi.run_once": False,
    "wsgi.input_terminated": True,
}
_UNPREFIXED: Final = {
    "content-type": "CONTENT_TYPE",
    "content-length": "CONTENT_LENGTH",
}
_names: dict[str, str] = {}
_MAX_NAMES: Final = 1_000


def environ_of(scope: Any) -> dict[str, Any]:
    """Return what WSGI calls the environment, without the body.

    A header whose name holds an underscore is left out: it could pass for another.
    """
    host, _, port = scope.server.rpartition(":")
    environ = {
        **_BASE,
        "REQUEST_METHOD": scope.method,
        # WSGI has the bytes of a path as Latin-1.
        "PATH_INFO": scope.path.encode().decode("latin-1"),
        "QUERY_STRING": scope.query_string,
        "SERVER_NAME": host,
        "SERVER_PORT": port,
        "SERVER_PROTOCOL": f"HTTP/{scope.http_version}",
        "REMOTE_ADDR": scope.client.rpartition(":")[0],
        "wsgi.url_scheme": scope.scheme,
    }
    for name, value in scope.headers.items():
        key = _names.get(name) or _key_of(name)
        if key in environ:
            separator = "; " if key == "HTTP_COOKIE" else ","
            environ[key] = f"{environ[key]}{separator}{value}"
        elif key:
            environ[key] = value
    if scope.authority and "HTTP_HOST" not in environ:  # HTTP/2 has no such header
        environ["HTTP_HOST"] = scope.authority
    return environ


def _key_of(name: str) -> str:
    if "_" in name:
        return ""
    key = _UNPREFIXED.get(name) or "HTTP_" + name.upper().replace("-", "_")
    if len(_names) < _MAX_NAMES:
        _names[name] = key
    return key
