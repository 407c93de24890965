"""Work off what waits, in a process of its own, as one intake worker does.

Run with the environment of a running Tocsin; its orders are empty.
"""

import json
import sys
import time
from typing import Any


def run() -> dict[str, Any]:
    """Process until nothing waits; returns deliveries a second and the processor's."""
    import django  # noqa: PLC0415  the environment comes first

    django.setup()
    from incidents.intake.process import process_batch  # noqa: PLC0415  as above
    from incidents.timers.clock import read_now  # noqa: PLC0415  as above

    began, used = time.perf_counter(), time.process_time()
    deliveries = 0
    while count := process_batch(read_now()):
        deliveries += count
    seconds = time.perf_counter() - began
    cpu = time.process_time() - used
    return {"rate": deliveries / seconds, "cpu_us": cpu * 1_000_000 / deliveries}


if __name__ == "__main__":
    json.dump(run(), sys.stdout)
