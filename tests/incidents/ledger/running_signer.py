"""A real signer process on a folder of its own."""

import json
import os
import socket
import subprocess
import sys
import time
from pathlib import Path

from incidents.ledger.checkpoint import Checkpoint, OpenedCheckpoint, open_checkpoint
from incidents.ledger.merkle import consistency_proof, leaf_hash, root
from incidents.ledger.signer_client import public_keys, sign

ORIGIN = "log.example/incidents"
ROOT = Path(__file__).parents[3]
LEAVES = [leaf_hash(b"%d" % number) for number in range(40)]


class Running:
    """One signer, started, asked and killed."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.home = folder / "signer"
        self.socket = folder / "s.sock"
        self.origin = ORIGIN
        self.process: subprocess.Popen[bytes] | None = None

    def start(self, *words: str) -> "Running":
        log = self.folder / "log"
        command = [*self.command(), "--socket", str(self.socket), "--origin"]
        path = os.pathsep.join([str(self.folder), os.environ.get("PYTHONPATH", "")])
        with log.open("wb") as stream:
            self.process = subprocess.Popen(
                [*command, self.origin, *words],
                cwd=ROOT,
                env={**os.environ, "PYTHONPATH": path},
                stderr=stream,
            )
        until = time.monotonic() + 30
        while b'"ready"' not in log.read_bytes():
            assert self.process.poll() is None, log.read_text()
            assert time.monotonic() < until
            time.sleep(0.02)
        return self

    def command(self) -> list[str]:
        return [
            sys.executable,
            "-m",
            "incidents.ledger.signer",
            "--dir",
            str(self.home),
        ]

    def run(self, *words: str) -> str:
        command = [*self.command(), *words]
        done = subprocess.run(
            command, cwd=ROOT, capture_output=True, text=True, check=False
        )
        return done.stdout + done.stderr

    def kill(self) -> None:
        if self.process:
            self.process.kill()
            self.process.wait(timeout=10)
            self.process = None

    def ask(
        self, old: int, size: int, leaves: list[bytes] = LEAVES
    ) -> OpenedCheckpoint:
        head = Checkpoint(ORIGIN, size, root(leaves[:size]))
        proof = consistency_proof(old, leaves[:size])
        lines = sign(self.socket, old, proof, size, head.root)
        note = f"{head.text}\n{''.join(lines)}"
        keys = public_keys(self.socket)
        return open_checkpoint(note, origin=ORIGIN, log_keys=keys)

    def says(self, line: bytes) -> dict[str, object]:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
            connection.settimeout(10)
            connection.connect(str(self.socket))
            connection.sendall(line)
            connection.shutdown(socket.SHUT_WR)
            answer: dict[str, object] = json.loads(connection.recv(65_536))
        return answer
