"""A time-stamping authority of our own: `openssl ts -reply`, also behind HTTP."""

import shutil
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
)

OPENSSL = shutil.which("openssl") or ""
needs_openssl = pytest.mark.skipif(not OPENSSL, reason="openssl is not installed")

POLICY = "1.3.6.1.4.1.99999.1"
OTHER_POLICY = "1.3.6.1.4.1.99999.2"
DAY = timedelta(days=1)

_CONFIG = """\
[tsa]
default_tsa = here
[here]
serial = {folder}/serial
crypto_device = builtin
signer_cert = {folder}/signer.pem
signer_key = {folder}/signer.key
{more}
signer_digest = sha256
ess_cert_id_alg = sha256
default_policy = {policy}
other_policies = {other_policy}
digests = sha256
accuracy = secs:1, millisecs:500
"""


class TimeAuthority:
    """A root, the certificate that signs stamps, and what answers with them."""

    def __init__(
        self, folder: Path, *, has_chain: bool = False, ended: timedelta | None = None
    ) -> None:
        self.folder = folder
        self.asked: list[dict[str, str]] = []
        ends = datetime.now(UTC) + (DAY if ended is None else -ended)
        root_key, key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
        root = _certificate("Root", root_key, "Root", root_key, datetime.now(UTC) + DAY)
        signer = _certificate("Stamps", key, "Root", root_key, ends, is_signer=True)
        self.pem = root.public_bytes(Encoding.PEM)
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "root.pem").write_bytes(self.pem)
        (folder / "signer.pem").write_bytes(signer.public_bytes(Encoding.PEM))
        (folder / "signer.key").write_bytes(_private(key))
        (folder / "serial").write_text("01\n")
        more = f"certs = {folder}/root.pem" if has_chain else ""
        values = {"policy": POLICY, "other_policy": OTHER_POLICY, "more": more}
        (folder / "tsa.cnf").write_text(_CONFIG.format(folder=folder, **values))

    def answer(self, request: bytes) -> bytes:
        """Return a stamp for a question, by the clock of this machine."""
        (self.folder / "question").write_bytes(request)
        command = [OPENSSL, "ts", "-reply", "-config", "tsa.cnf"]
        command += ["-queryfile", "question", "-out", "answer"]
        subprocess.run(command, cwd=self.folder, check=True, capture_output=True)
        return (self.folder / "answer").read_bytes()

    def send(self, letter: Any) -> tuple[int, str, bytes]:
        """Answer as over HTTP, without a connection."""
        return 200, "application/timestamp-reply", self.answer(letter.body)

    @contextmanager
    def serve(self) -> Iterator[str]:
        """Answer over HTTP on loopback; yields the address."""
        authority = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                authority.asked.append(dict(self.headers))
                body = self.rfile.read(int(self.headers["Content-Length"]))
                answer = authority.answer(body)
                self.send_response(200)
                self.send_header("Content-Type", "application/timestamp-reply")
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, *_: Any) -> None:
                pass

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}/tsr"
        finally:
            server.shutdown()
            thread.join()
            server.server_close()


def _certificate(
    name: str,
    key: ec.EllipticCurvePrivateKey,
    issuer: str,
    issuer_key: ec.EllipticCurvePrivateKey,
    ends: datetime,
    *,
    is_signer: bool = False,
) -> x509.Certificate:
    builder = (
        x509.CertificateBuilder()
        .subject_name(_name(name))
        .issuer_name(_name(issuer))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(ends - 30 * DAY)
        .not_valid_after(ends)
        .add_extension(x509.BasicConstraints(not is_signer, None), critical=True)
    )
    if is_signer:
        purpose = x509.ExtendedKeyUsage([x509.oid.ExtendedKeyUsageOID.TIME_STAMPING])
        builder = builder.add_extension(purpose, critical=True)
    return builder.sign(issuer_key, hashes.SHA256())


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, text)])


def _private(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
