"""Measure what was promised, beside what this machine can do alone.

    python -m tests.benchmarks [name …]

Each benchmark runs on a Tocsin of its own. Where the machine is noisy the ratio counts,
for both of its sides were measured in turns.
"""

import argparse
import os
import signal
import sys
from collections.abc import Callable, Iterator

from tests.benchmarks import (
    attachments,
    backlog,
    browsing,
    coverage,
    deciding,
    duties,
    idle,
    intake,
    memory,
    packets,
    proofs,
    sealing,
    siege,
    slow_receiver,
    storm,
    stream,
    timers,
    verifying,
    webhook,
    witnessing,
)
from tests.benchmarks.figures import Row, table
from tests.benchmarks.running import Failed

BENCHMARKS: dict[str, Callable[[], Iterator[Row]]] = {
    "webhook": webhook.rows,
    "intake": intake.single_rows,
    "intake-50": intake.fifty_rows,
    "processing": backlog.processing_rows,
    "intake-at-once": siege.at_once_rows,
    "duplicates": siege.duplicate_rows,
    "slow-senders": siege.slow_rows,
    "overload": siege.overload_rows,
    "trust": intake.trust_rows,
    "backlog": backlog.backlog_rows,
    "storm": storm.storm_rows,
    "singles": storm.singles_rows,
    "many": storm.many_rows,
    "idle": idle.rows,
    "timers": timers.rows,
    "ticks": stream.nothing_due_rows,
    "stream": stream.stream_rows,
    "pages": stream.pages_rows,
    "at-once": stream.at_once_rows,
    "deciding": deciding.rows,
    "duties": duties.rows,
    "memory": memory.rows,
    "packets": packets.rows,
    "proofs": proofs.rows,
    "verifying": verifying.rows,
    "browsing": browsing.rows,
    "coverage": coverage.rows,
    "slow_receiver": slow_receiver.rows,
    "attachments": attachments.rows,
    "sealing": sealing.rows,
    "sealing-storm": sealing.storm_rows,
    "cosigning": witnessing.rows,
}


def main() -> None:
    """Run the benchmarks that were named, or all, and print the table."""
    parser = argparse.ArgumentParser(prog="make bench")
    parser.add_argument("names", nargs="*", metavar="name", help=", ".join(BENCHMARKS))
    names = parser.parse_args().names or list(BENCHMARKS)
    if unknown := set(names) - BENCHMARKS.keys():
        parser.error(f"no such benchmark: {', '.join(sorted(unknown))}")
    # A polite kill ends what runs, as Ctrl-C does.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("stopped"))
    found: list[Row] = []
    failed = [name for name in names if not _measure(name, found)]
    load = ", ".join(f"{figure:.1f}" for figure in os.getloadavg())
    sys.stdout.write(f"{table(found)}\nLoad of the machine at the end: {load}\n")
    if failed:
        sys.exit(f"Not measured: {', '.join(failed)}")


def _measure(name: str, found: list[Row]) -> bool:
    """Add a benchmark's rows; tells whether it came to its end."""
    sys.stderr.write(f"{name} …\n")
    try:
        for row in BENCHMARKS[name]():
            sys.stderr.write(f"  {row.what}: {row.measured} ({row.ratio})\n")
            found.append(row)
    except Failed as error:
        sys.stderr.write(f"  {error}\n")
        return False
    return True


if __name__ == "__main__":
    main()
