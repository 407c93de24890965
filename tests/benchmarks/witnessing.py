"""How soon an entry has a receipt that a quorum of witnesses cosigned."""

import contextlib
from collections.abc import Iterator

from incidents.ledger.signer_client import public_keys
from incidents.ledger.vkey import KeyType, SigningKey, signing_key
from tests.benchmarks.figures import Row, quantile, verdict
from tests.benchmarks.running import Running, free_port, manage, servers, wait_for
from tests.benchmarks.sealing import SEALED, Watch
from tests.benchmarks.storm import Storm, blow

STORM = Storm(3_000, 300)
WARM_UP = Storm(50, 50)
COSIGNED = """
SELECT max(size), extract(epoch FROM clock_timestamp())::float8
  FROM tocsin_cosigned WHERE quorum_at IS NOT NULL
"""
BEHIND = """
SELECT (SELECT count(*) FROM tocsin_pending WHERE consumer = 'sealer')
       + (SELECT max(size) FROM tocsin_checkpoint)
       - coalesce((SELECT max(size) FROM tocsin_cosigned
                    WHERE quorum_at IS NOT NULL), 0)
"""
ORIGIN = "benchmark.example/log"
SIDES = ("lab", "agency")
SIDE = """
[[organisations]]
slug = "witness-{name}"
name = "Side of the {name}"
kind = "{name}"

[[witnesses]]
slug = "w-{name}"
vkey = "{vkey}"
address = "http://127.0.0.1:{port}"
organisation = "witness-{name}"
"""
PLATFORM = """
[[organisations]]
slug = "witness-platform"
name = "Platform"
kind = "platform"
"""


def rows() -> Iterator[Row]:
    """Measure from an entry's instant to a quorum's head over it, in a storm."""
    with _witnessed() as running:
        blow(running, WARM_UP, name="warm")
        running.eventually("cosigned", lambda: running.value(BEHIND) == 0)
        first = int(running.value("SELECT max(size) FROM tocsin_checkpoint"))
        with Watch(running, COSIGNED) as watch:
            blown = blow(running, STORM, name="cosigned")
            running.eventually("cosigned", lambda: running.value(BEHIND) == 0)
        late = watch.latenesses(running.sql(SEALED, first))
    p50, p99, last = (quantile(late, share) for share in (0.5, 0.99, 1.0))
    yield Row(
        what=f"commit → quorum-cosigned head, {STORM.alerts:,} alerts, two witnesses",
        reach="p99 ≤ 10 s",
        measured=f"p50 {p50:.2f} s, p99 {p99:.2f} s, max {last:.2f} s"
        f" ({verdict(p99 <= 10)})",
        limit="sealing and asking each begin every second",
        ratio="",
        how=f"{len(late):,} entries at {blown['rate']:.0f} alerts/s; the witnesses are"
        " processes of this machine, one for a lab and one for an agency",
    )


@contextlib.contextmanager
def _witnessed() -> Iterator[Running]:
    """Run everything, with a signer and two witnesses of its log."""
    with contextlib.ExitStack() as stack:
        running = stack.enter_context(servers())
        home, socket = running.data / "signer", running.data / "signer.sock"
        words = ["--dir", str(home), "--socket", str(socket), "--origin", ORIGIN]
        stack.enter_context(
            running.program("signer", "incidents.ledger.signer", *words)
        )
        running.eventually("a signer", socket.exists)
        running.environment["TOCSIN_SIGNER_SOCKET"] = str(socket)
        [log_key] = public_keys(socket)
        text = PLATFORM
        for name in SIDES:
            port = free_port()
            orders = [str(port), name, log_key.vkey()]
            module = "tests.benchmarks.witness_server"
            stack.enter_context(running.program(f"witness-{name}", module, *orders))
            wait_for(port)
            vkey = witness_key(name).public.vkey()
            text += SIDE.format(name=name, vkey=vkey, port=port)
        file = running.data / "witnesses.toml"
        file.write_text(text)
        manage(running, "apply", str(file))
        running.port = stack.enter_context(running.web())
        stack.enter_context(running.workers())
        yield running


def witness_key(name: str) -> SigningKey:
    """Return the key of one of the two witnesses."""
    seed = name.encode().ljust(32, b".")
    return signing_key(f"{name}.example/witness", KeyType.WITNESS, seed)
