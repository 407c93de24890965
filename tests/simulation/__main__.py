"""Play seeds of the fault simulator.

    python -m tests.simulation [--seeds 30] [--from 1] [--tally FILE]
    python -m tests.simulation --seed 17 [--moves]

With a tally file a run goes on where the last one ended. A seed that fails prints what
was wrong, its trace and the command that plays it again.
"""

import argparse
import json
import os
import signal
import sys
import time
from pathlib import Path

from tests.simulation.server import running_server

_HASH_SEED = "0"


def main() -> None:
    """Read the command line and play; exits 1 if a seed failed."""
    parser = argparse.ArgumentParser(prog="python -m tests.simulation")
    parser.add_argument("--seeds", type=int, default=30, help="how many")
    parser.add_argument(
        "--from", type=int, default=1, dest="start", help="the first one"
    )
    parser.add_argument("--seed", type=int, help="this one alone, with its trace")
    parser.add_argument("--moves", action="store_true", help="print every move, too")
    parser.add_argument(
        "--tally", type=Path, help="keep count in this file; go on from it"
    )
    parser.add_argument("--first", action="store_true", help="stop at a failure")
    parser.add_argument(
        "--limit", type=float, help="begin no seed after so many seconds"
    )
    given = parser.parse_args()
    # A polite kill ends the server, too.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("stopped"))
    if given.seed is not None:
        given.start, given.seeds = given.seed, 1
    sys.exit(_play(given))


def _play(given: argparse.Namespace) -> int:
    tally, started = _read(given.tally), time.monotonic()
    with running_server() as server:
        from tests.simulation.playing import Player  # noqa: PLC0415  needs Django set up

        player = Player(server)
        start = max(given.start, tally["last"] + 1) if given.tally else given.start
        for seed in range(start, given.start + given.seeds):
            if given.limit and time.monotonic() - started > given.limit:
                break
            result = player.play(seed)
            _count(tally, result)
            if given.tally:
                _write(given.tally, tally)
            if result.wrong or given.seed is not None:
                _show(result, with_moves=given.moves)
            if given.first and result.wrong:
                break
    _sum_up(tally)
    return 1 if tally["failed"] else 0


def _read(path: Path | None) -> dict:
    if path and path.exists():
        return json.loads(path.read_text("utf-8"))
    return {"last": 0, "played": 0, "failed": [], "seconds": 0.0, "counts": {}}


def _count(tally: dict, result) -> None:
    tally["last"], tally["digest"] = result.seed, result.digest
    tally["seconds"] = round(tally["seconds"] + result.seconds, 1)
    tally["played"] += 1
    if result.wrong:
        tally["failed"].append(result.seed)
    for what, count in result.counts.items():
        tally["counts"][what] = tally["counts"].get(what, 0) + count


def _write(path: Path, tally: dict) -> None:
    tally["counts"] = dict(sorted(tally["counts"].items()))
    new = path.with_suffix(".new")
    new.write_text(json.dumps(tally, indent=1) + "\n", encoding="utf-8")
    new.replace(path)


def _show(result, *, with_moves: bool) -> None:
    out = sys.stdout
    out.write("\n".join(result.trace) + "\n")
    if with_moves:
        out.write("\n".join(result.moves) + "\n")
    for sentence in result.wrong:
        out.write(f"WRONG: {sentence}\n")
    out.write(
        f"seed {result.seed}: {len(result.wrong)} wrong, moves {result.digest}, "
        f"{result.seconds:.2f} s\n"
        f"again: python -m tests.simulation --seed {result.seed}\n"
    )
    out.flush()


def _sum_up(tally: dict) -> None:
    played = tally["played"]
    pace = played / tally["seconds"] if tally["seconds"] else 0.0
    sys.stdout.write(
        f"{played} seeds in {tally['seconds']:.0f} s ({pace:.1f}/s), "
        f"failed: {tally['failed'] or 'none'}\n"
        f"{json.dumps(dict(sorted(tally['counts'].items())))}\n"
    )


if __name__ == "__main__":
    if os.environ.get("PYTHONHASHSEED") != _HASH_SEED:
        # The order of sets belongs to a schedule: one seed, one order.
        os.environ["PYTHONHASHSEED"] = _HASH_SEED
        os.execv(
            sys.executable, [sys.executable, "-m", "tests.simulation", *sys.argv[1:]]
        )
    main()
