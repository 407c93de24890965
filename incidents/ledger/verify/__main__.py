"""Verify an evidence bundle: without the operator, without a network.

    python -m incidents.ledger.verify BUNDLE POLICY [--state FILE]

Ends with 0 when it is verified, 3 when it is and times or deadlines leave doubts, 1 when
it must not be believed, 2 when it could not be tried. Writes nothing but the files that
--state, --report and --certificate name, and those only after success.
"""

import argparse
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, BinaryIO, Final

from incidents.ledger.party_key import BadPins, parse_pins
from incidents.ledger.policy import BadPolicy, Policy, parse_policy
from incidents.ledger.time_stamp import BadCertificates
from incidents.ledger.verify.acknowledgements import Pins
from incidents.ledger.verify.check import (
    Outcome,
    Terms,
    verify_bundle,
)
from incidents.ledger.verify.continued import Pinned, remembered
from incidents.ledger.verify.entries import Hidden, Seen
from incidents.ledger.verify.json_report import accepted, rejected
from incidents.ledger.verify.papers import Papers
from incidents.ledger.verify.receipts import Receipt
from incidents.ledger.verify.report import acceptance, rejection
from incidents.ledger.verify.stamps import Held, hold
from incidents.ledger.verify.state import (
    BadState,
    read_consistency,
    read_state,
    write_state,
)
from incidents.ledger.verify.timeline import Timeline
from incidents.ledger.verify.verdict import Code, ExitCode, Rejected

_MOST_RECEIPT_BYTES: Final = 100_000
_UNFORESEEN: Final = (
    ArithmeticError,
    LookupError,
    MemoryError,
    RecursionError,
    TypeError,
    ValueError,
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Verify what the command line names, and return the exit code."""
    _print_anything()
    asked = _parser().parse_args(arguments)
    try:
        policy = parse_policy(asked.policy.read_bytes())
        papers = Papers(report=asked.report, certificate=asked.certificate)
        how: dict[str, Any] = {
            "terms": Terms(
                mmd=asked.mmd,
                skew=asked.skew,
                gap=asked.gap,
                heads=asked.heads,
                held=_held(asked),
            ),
            "pinned": _pinned(asked),
            "party_keys": _pins(asked),
            "receipts": [Receipt(one.name, _small(one)) for one in asked.receipt],
        }
        with asked.bundle.open("rb") as bundle:
            return _verify(bundle, policy, how, asked=asked, papers=papers)
    except (OSError, BadPins, BadPolicy, BadState, BadCertificates) as error:
        sys.stderr.write(f"{error}\n")
        return ExitCode.USAGE


def _print_anything() -> None:
    """Let what a terminal cannot show be shown in another way, never be an error."""
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(errors="backslashreplace")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="tocsin-verify",
        description="Verify an evidence bundle by a policy that you hold yourself.",
        epilog="exit codes: 0 verified, 3 verified with findings, 1 rejected, 2 usage",
    )
    parser.add_argument("bundle", type=Path, help="the zip file that was handed over")
    parser.add_argument(
        "policy",
        type=Path,
        help="which log and witnesses you trust; not from the bundle",
    )
    parser.add_argument(
        "--state", type=Path, help="remembers the last head, to notice a rewritten log"
    )
    parser.add_argument(
        "--consistency",
        type=Path,
        help="a proof from the head in --state, if the bundle lacks it",
    )
    parser.add_argument(
        "--receipt",
        type=Path,
        action="append",
        default=[],
        help="a receipt that you kept, to be found in the bundle; may be repeated",
    )
    parser.add_argument(
        "--tsa-certificates",
        type=Path,
        metavar="FILE",
        help="check time stamps by these, in PEM; yours, not the bundle's",
    )
    parser.add_argument(
        "--party-keys",
        type=Path,
        help="keys of the people who acknowledge, as they gave them to you: a line each",
    )
    _add_answers(parser)
    _add_terms(parser)
    return parser


def _add_answers(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--timeline", action="store_true", help="list the entries")
    parser.add_argument(
        "--contents", action="store_true", help="list them with all that they disclose"
    )
    parser.add_argument("--json", action="store_true", help="write JSON for programs")
    for name, words in (
        ("report", "write a page for people to this new file, of what was verified"),
        ("certificate", "write the form of a certificate for a court to this new file"),
    ):
        parser.add_argument(f"--{name}", type=Path, metavar="FILE", help=words)


def _add_terms(parser: argparse.ArgumentParser) -> None:
    terms = Terms()
    for name, words in (
        ("mmd", "seconds that an entry may take to be sealed and seen"),
        ("skew", "seconds that the operator's clock may run ahead"),
        ("gap", "seconds between two bounds of a time before it is called wide"),
        (
            "heads",
            "seconds that the counting of the entries may be older than the head",
        ),
    ):
        default = getattr(terms, name)
        parser.add_argument(
            f"--{name}",
            type=_whole_number,
            default=default,
            metavar="SECONDS",
            help=f"{words} ({default})",
        )


def _whole_number(text: str) -> int:
    if not text.isascii() or not text.isdigit():
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number from 0")
    return int(text)


def _pinned(asked: argparse.Namespace) -> list[Pinned]:
    if asked.state is None:
        return []
    proof = read_consistency(asked.consistency) if asked.consistency else None
    # The end of a log that another continues comes with its proof in each bundle.
    return [
        one if one.is_ended else replace(one, proof=proof)
        for one in read_state(asked.state)
    ]


def _held(asked: argparse.Namespace) -> Held:
    if asked.tsa_certificates is None:
        return Held(bundle=str(asked.bundle))
    names = {"bundle": str(asked.bundle), "file": str(asked.tsa_certificates)}
    return hold(asked.tsa_certificates.read_bytes(), **names)


def _pins(asked: argparse.Namespace) -> Pins | None:
    if asked.party_keys is None:
        return None
    return parse_pins(asked.party_keys.read_bytes())


def _small(path: Path) -> bytes:
    """Return the bytes of a receipt, of which a few kilobytes are the most."""
    with path.open("rb") as file:
        return file.read(_MOST_RECEIPT_BYTES)


def _verify(
    bundle: BinaryIO,
    policy: Policy,
    how: Mapping[str, Any],
    *,
    asked: argparse.Namespace,
    papers: Papers,
) -> int:
    timeline = Timeline(has_contents=asked.contents)
    heard = [timeline.add] if asked.timeline or asked.contents else []
    heard += [papers.see] if papers.is_asked else []

    def listen(entry: Seen | Hidden, bounds: tuple[int | None, int | None]) -> None:
        for hear in heard:
            hear(entry, bounds)

    try:
        outcome = _verify_unstumbled(bundle, policy, {**how, "listen": listen})
    except Rejected as refusal:
        sys.stdout.write(rejected(refusal) if asked.json else rejection(refusal))
        return ExitCode.REJECTED
    now = int(time.time())
    say = accepted if asked.json else acceptance
    sys.stdout.write(say(outcome, policy, now=now))
    sys.stdout.writelines(timeline.lines())
    papers.write(outcome, policy)
    if asked.state is not None:
        newest, formers = outcome.checkpoint, outcome.formers
        write_state(asked.state, remembered(how["pinned"], newest, formers))
    return outcome.exit_code


def _verify_unstumbled(
    bundle: BinaryIO, policy: Policy, how: Mapping[str, Any]
) -> Outcome:
    """Verify, and reject what no check foresaw: a traceback tells an officer nothing."""
    try:
        return verify_bundle(bundle, policy, **how)
    except _UNFORESEEN as error:
        raise Rejected(Code.STUMBLED, repr(error)) from error


if __name__ == "__main__":
    sys.exit(main())
