"""The site for a real browser, within the transaction of one test.

The server's threads share the test's connection, so they answer one request at a time;
a test that uses the database while a page is open holds `BUSY`.
"""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final

from django.contrib.staticfiles.handlers import StaticFilesHandler
from django.core.handlers.wsgi import WSGIHandler
from django.core.servers.basehttp import ThreadedWSGIServer, WSGIRequestHandler
from django.core.signals import request_finished, request_started
from django.db import close_old_connections, connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.http.response import HttpResponseBase
from django.test.testcases import QuietWSGIRequestHandler

BUSY: Final = threading.RLock()


class _OneAtATime(StaticFilesHandler):
    """Answers requests one after the other, over one connection to the database."""

    def __init__(self, shared: BaseDatabaseWrapper, application: Any) -> None:
        super().__init__(application)
        self._shared = shared

    def __call__(
        self, environ: dict[str, Any], start_response: Callable[..., Any]
    ) -> HttpResponseBase:
        with BUSY:
            connections["default"] = self._shared
            return super().__call__(environ, start_response)


class _Server(ThreadedWSGIServer):
    """Waits at its end until every connection is closed."""

    daemon_threads = False

    def _close_connections(self) -> None:
        """Leave the connection to the test."""


@contextmanager
def serving() -> Iterator[str]:
    """Serve on a free port; yields the address. Browsers take it for secure."""
    shared = connections["default"]
    shared.inc_thread_sharing()
    handler: type[WSGIRequestHandler] = QuietWSGIRequestHandler
    server = _Server(("localhost", 0), handler, allow_reuse_address=False)
    server.set_app(_OneAtATime(shared, WSGIHandler()))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    # They would close a connection that is within a transaction, as the test's is.
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    try:
        yield f"http://localhost:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
        for signal in (request_started, request_finished):
            signal.connect(close_old_connections)
        shared.dec_thread_sharing()
