"""A witness of one log, in memory: what a benchmark asks to cosign."""

import sys
import time
from http.server import BaseHTTPRequestHandler, HTTPServer

from incidents.ledger.vkey import parse_vkey
from incidents.ledger.witness_core import (
    Answer,
    BadRequest,
    Head,
    decide,
    read_request,
    refuse_bad,
)
from tests.benchmarks.witnessing import witness_key


class Witness(BaseHTTPRequestHandler):
    """Answers add-checkpoint, one request after the other."""

    log_vkey = ""
    name = ""
    last = Head()

    def do_POST(self) -> None:
        """Cosign, or say why not."""
        body = self.rfile.read(int(self.headers["Content-Length"]))
        answer = self._answer(body)
        if answer.head:
            Witness.last = answer.head
        content = answer.body.encode()
        self.send_response(answer.status)
        self.send_header("Content-Type", answer.content_type)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def _answer(self, body: bytes) -> Answer:
        try:
            request = read_request(body)
        except BadRequest as error:
            return refuse_bad(error)
        return decide(
            request,
            log_keys=[parse_vkey(self.log_vkey)],
            last=self.last,
            key=witness_key(self.name),
            time=int(time.time()),
        )


if __name__ == "__main__":
    port, Witness.name, Witness.log_vkey = sys.argv[1:]
    HTTPServer(("127.0.0.1", int(port)), Witness).serve_forever()
