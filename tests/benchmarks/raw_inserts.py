"""Insert single rows over many connections, each in a transaction of its own.

Run in a process of its own. Reads {"url", "connections", "count"} from standard input.
"""

import json
import sys
import threading
import time
from typing import Any

import psycopg

TABLE = "CREATE TABLE IF NOT EXISTS bench_raw (id bigserial PRIMARY KEY, body bytea)"
INSERT = "INSERT INTO bench_raw (body) VALUES (%b)"
BODY = b"x" * 300


def run(orders: dict[str, Any]) -> dict[str, Any]:
    """Return the inserts a second of all connections together."""
    with psycopg.connect(orders["url"], autocommit=True) as connection:
        connection.execute(TABLE)
    each = orders["count"] // orders["connections"]
    barrier = threading.Barrier(orders["connections"] + 1)

    def insert() -> None:
        with psycopg.connect(orders["url"], autocommit=True) as connection:
            cursor = connection.cursor()
            barrier.wait()
            for _ in range(each):
                cursor.execute(INSERT, (BODY,), prepare=True)

    threads = [threading.Thread(target=insert) for _ in range(orders["connections"])]
    for thread in threads:
        thread.start()
    barrier.wait()
    began = time.perf_counter()
    for thread in threads:
        thread.join()
    seconds = time.perf_counter() - began
    with psycopg.connect(orders["url"], autocommit=True) as connection:
        connection.execute("DROP TABLE bench_raw")
    return {"rate": each * orders["connections"] / seconds}


if __name__ == "__main__":
    json.dump(run(json.load(sys.stdin)), sys.stdout)
