"""Say what must hold for whatever a tool's reader is given, and look for what breaks it.

    make fuzz-adapters [MINUTES=10] [SEED=1] [TOOL=aws_sns]

Hypothesis builds bodies from each tool's own words and payloads, round after round, each
with its seed printed. Where atheris is importable it goes on from there for half of the
time, guided by what the code covers. A failure prints the tool, the seed and the body.
"""

import argparse
import importlib
import importlib.util
import inspect
import sys
import time
import unicodedata
import warnings

from hypothesis import HealthCheck, given, seed, settings
from hypothesis.errors import HypothesisWarning

from incidents.intake import adapters
from incidents.intake.adapters.base import (
    MAX_KEY,
    MAX_LABELS,
    MAX_SUMMARY,
    MAX_TITLE,
    ParsedAlert,
    Unreadable,
)
from incidents.intake.adapters.registry import ADAPTERS
from tests.incidents.intake.adapters.bodies import bodies_for, headers_for, mappings

EXAMPLES_OF_A_ROUND = 150
# Control characters and halves of a pair.
FORBIDDEN = {"Cc", "Cs"}


def check_parse(tool, body, *, headers, options):
    """Parse and check what comes of it. Any error but Unreadable is a fault."""
    try:
        parsed = ADAPTERS[tool].parse(body, headers=headers, options=options)
    except Unreadable:
        return
    assert all(isinstance(alert, ParsedAlert) for alert in parsed.alerts)
    # It is cleaned when it is stored, as the sentence of an Unreadable is.
    assert isinstance(parsed.ignored, str)
    for alert in parsed.alerts:
        check_alert(alert)


def check_alert(alert):
    """Check that an alert can be stored, shown and mailed."""
    texts = [alert.dedup_key, alert.group_key, alert.title, alert.summary]
    texts += [alert.group_title, alert.url, alert.severity_told]
    texts += [*alert.labels, *alert.labels.values()]
    for text in texts:
        assert "\x00" not in text
        text.encode()
    assert alert.status in ("firing", "acknowledged", "resolved")
    assert alert.severity in ("critical", "high", "medium", "low", "info", "unknown")
    assert 0 < len(alert.title) <= MAX_TITLE
    assert not {unicodedata.category(letter) for letter in alert.title} & FORBIDDEN
    assert len(alert.group_title) <= MAX_TITLE
    assert len(alert.summary) <= MAX_SUMMARY
    assert 0 < len(alert.dedup_key) <= MAX_KEY
    assert 0 < len(alert.group_key) <= MAX_KEY
    assert len(alert.labels) <= MAX_LABELS
    moments = (alert.started_at, alert.ended_at, alert.event_at)
    assert all(moment is None or moment.tzinfo is not None for moment in moments)


def property_of(tool):
    """Return the test of one tool, not yet given a number of examples."""

    @given(bodies_for(tool), headers_for(tool), mappings())
    def holds(body, headers, mapping):
        options = {"mapping": mapping} if tool == "generic" else {}
        check_parse(tool, body, headers=headers, options=options)

    return holds


def run_hypothesis(tools, *, first_seed, until):
    """Run rounds until the time is over; returns how many. Raises what it finds."""
    number = first_seed
    while time.monotonic() < until:
        print(f"seed {number}: {len(tools)} tools")
        for tool in tools:
            if time.monotonic() >= until:
                break
            run_round(tool, number=number)
        number += 1
    return number - first_seed


def run_round(tool, *, number):
    """Run one round of one tool with a seed."""
    test = settings(
        max_examples=EXAMPLES_OF_A_ROUND,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
    )(seed(number)(property_of(tool)))
    try:
        test()
    except BaseException:
        print(f"FAILED: {tool} with seed {number}")
        raise


def run_atheris(tools, *, first_seed, seconds):
    """Hand over to atheris, which does not come back: it ends the process itself."""
    atheris = importlib.import_module("atheris")
    for function in readers():
        atheris.instrument_func(function)
    tests = [property_of(tool).hypothesis.fuzz_one_input for tool in tools]

    def one_input(data):
        if data:
            tests[data[0] % len(tests)](data[1:])

    limits = [f"-max_total_time={seconds}", f"-seed={first_seed}", "-max_len=4096"]
    atheris.Setup([sys.argv[0], *limits], one_input)
    atheris.Fuzz()


def readers():
    """Yield the functions whose course guides atheris: those of the adapters."""
    for name, module in list(sys.modules.items()):
        if name.startswith(adapters.__name__):
            members = filter(inspect.isfunction, vars(module).values())
            yield from (m for m in members if m.__module__ == name)


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--tool", choices=sorted(ADAPTERS))
    arguments = parser.parse_args()
    # The words of a tool are many, and named in each warning about it.
    warnings.simplefilter("ignore", HypothesisWarning)
    tools = [arguments.tool] if arguments.tool else list(ADAPTERS)
    has_atheris = importlib.util.find_spec("atheris") is not None
    seconds = arguments.minutes * 60 / (2 if has_atheris else 1)
    until = time.monotonic() + seconds
    rounds = run_hypothesis(tools, first_seed=arguments.seed, until=until)
    print(f"Hypothesis: {rounds} rounds of {EXAMPLES_OF_A_ROUND} bodies, no fault.")
    if not has_atheris:
        print("atheris is not installed: Hypothesis alone has looked.")
        return
    run_atheris(tools, first_seed=arguments.seed, seconds=int(seconds))


if __name__ == "__main__":
    main()
