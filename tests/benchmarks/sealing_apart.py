"""Appends, seals and proves in a process of its own; figures on stdout."""

import contextlib
import json
import os
import random
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import django

django.setup()

from django.db import transaction

from incidents.audit.audit import Auditor, audit_log
from incidents.audit.memory import MemoryFile
from incidents.events.actor import Actor
from incidents.events.pending import SEALER
from incidents.events.record import record, recording
from incidents.incident.opening import NewIncident, open_incidents
from incidents.ledger.append import Draft, append, make_streams
from incidents.ledger.rows import insert_rows
from incidents.ledger.signer_client import public_keys, sign
from incidents.models import Entry, Incident, Organisation, Pending
from incidents.sealing.places import sealed_size
from incidents.sealing.seal import seal_batch
from incidents.sealing.signing import Signer, sign_heads
from incidents.sealing.tree import add_leaves, inclusion_path
from incidents.timers.clock import read_now

STREAMS = 5_000
ENTRIES = 60_000
TOGETHER = 1_000
ORIGIN = "log.example/benchmark"
LEAVES = 1_000_000
PROOFS = 400
SINGLES = 1_500
INCIDENTS = 400
TEXT = "x" * 300


def run() -> dict[str, Any]:
    """Return every figure; each is of this one process and its connection."""
    lab = Organisation.objects.get(slug="bench")
    streams = [stream.pk for stream in make_streams(STREAMS)]
    bulk = _rate(ENTRIES, lambda: _append_all(lab, streams))
    return {
        "bulk": bulk,
        "sealing": _seal_all(),
        "audit": _audit_rate(has_values=False),
        "audit_with_values": _audit_rate(has_values=True),
        "single": _rate(SINGLES, lambda: _append_singly(streams[0])),
        "engine": _through_the_engine(lab),
        "proofs_ms": list(_proofs_ms()),
    }


def _rate(count: int, act: Callable[[], object]) -> float:
    began = time.perf_counter()
    act()
    return count / (time.perf_counter() - began)


def _append_all(lab: Organisation, streams: list[uuid.UUID]) -> None:
    for first in range(0, ENTRIES, TOGETHER):
        chosen = [
            streams[number % STREAMS] for number in range(first, first + TOGETHER)
        ]
        drafts = [_draft(stream) for stream in chosen]
        with transaction.atomic():
            waiting = {"consumer": SEALER, "kind": "incident.commented"}
            rows = [
                {**waiting, "entry_id": pk, "organisation_id": lab.pk}
                for pk in append(drafts)
            ]
            insert_rows(Pending, rows)


def _draft(stream: uuid.UUID) -> Draft:
    fields = {"text": TEXT, "actor": {"kind": "system", "name": "benchmark"}}
    return Draft(stream, "incident.commented", read_at, uuid.uuid4(), fields)


def _append_singly(stream: uuid.UUID) -> None:
    for _ in range(SINGLES):
        with transaction.atomic():
            append([_draft(stream)])


def _seal_all() -> dict[str, float]:
    """Seal what waits, each batch with its signature."""
    before = sealed_size()
    with _signer() as signer:
        began = time.perf_counter()
        while seal_batch(read_now()):
            sign_heads(signer, read_now())
        seconds = time.perf_counter() - began
    count = sealed_size() - before
    return {"rate": count / seconds, "count": count}


def _audit_rate(*, has_values: bool) -> float:
    """Return entries a second of a whole audit of what is sealed."""
    with tempfile.TemporaryDirectory(prefix="tocsin-") as folder:
        memory = MemoryFile(Path(folder) / "audit.json")
        auditor = Auditor(memory, has_values=has_values)
        began = time.perf_counter()
        audit = audit_log(auditor, read_now())
    if audit is None or not audit.is_intact:
        raise RuntimeError(f"the record does not fit: {audit and audit.findings}")
    return audit.size / (time.perf_counter() - began)


@contextlib.contextmanager
def _signer() -> Iterator[Signer]:
    """Run the signer as a process of its own, as an installation does."""
    with tempfile.TemporaryDirectory(prefix="tocsin-") as folder:
        socket = Path(folder) / "s.sock"
        words = ["--dir", f"{folder}/signer", "--socket", socket, "--origin", ORIGIN]
        with subprocess.Popen(
            [sys.executable, "-m", "incidents.ledger.signer", *map(str, words)],
            stderr=subprocess.DEVNULL,
        ) as process:
            while not socket.exists():
                time.sleep(0.02)
            yield Signer(ORIGIN, public_keys(socket), partial(sign, socket))
            process.terminate()


def _through_the_engine(lab: Organisation) -> float:
    """Return entries a second while incidents are opened and commented upon in bulk."""
    actor, before = Actor.source(lab, name="benchmark"), Entry.objects.count()
    began = time.perf_counter()
    news = [
        NewIncident(
            organisation_id=lab.pk,
            title=f"sealing {number}",
            category="A1",
            severity=3,
            labels={"alertname": f"sealing{number}"},
        )
        for number in range(INCIDENTS)
    ]
    open_incidents(news, actors=[actor] * len(news), now=read_now())
    incidents = list(Incident.objects.filter(title__startswith="sealing "))
    for _ in range(4):
        with recording(read_now()):
            for incident in incidents:
                record(
                    "incident.commented",
                    incident=incident,
                    organisation_id=lab.pk,
                    actor=actor,
                    body={"text": TEXT, "is_shared": False},
                )
    return (Entry.objects.count() - before) / (time.perf_counter() - began)


def _proofs_ms() -> Iterator[float]:
    """Yield the time of each proof in a log of a million leaves."""
    size = sealed_size()
    while size < LEAVES:
        count = min(50_000, LEAVES - size)
        add_leaves(size, [os.urandom(32) for _ in range(count)])
        size += count
    for _ in range(PROOFS):
        index = random.randrange(size)  # not a secret
        began = time.perf_counter()
        inclusion_path(index, size)
        yield (time.perf_counter() - began) * 1000


read_at = read_now()

if __name__ == "__main__":
    json.dump(run(), sys.stdout)
