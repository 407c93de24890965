"""Time the statements of ticks that find nothing due, as the database's client sees them.

Run in a process of its own. Reads {"ticks"} from standard input.
"""

import json
import sys
import time
from collections.abc import Callable
from typing import Any


def run(orders: dict[str, Any]) -> dict[str, Any]:
    """Return for each tick the milliseconds spent waiting for PostgreSQL."""
    import django  # noqa: PLC0415  the environment comes first

    django.setup()
    from django.db import connection  # noqa: PLC0415  as above

    from escalation.loop import fire_due_timers  # noqa: PLC0415  as above

    spent = 0.0

    def timed(execute: Callable[..., Any], *arguments: Any) -> Any:
        nonlocal spent
        began = time.perf_counter()
        try:
            return execute(*arguments)
        finally:
            spent += time.perf_counter() - began

    ticks = []
    with connection.execute_wrapper(timed):
        for _ in range(orders["ticks"]):
            spent = 0.0
            if fire_due_timers():
                raise SystemExit("a timer was due")
            ticks.append(spent * 1000)
    return {"ticks_ms": ticks}


if __name__ == "__main__":
    json.dump(run(json.load(sys.stdin)), sys.stdout)
