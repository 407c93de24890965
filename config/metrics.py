"""Tell Prometheus how late things are. No counts of incidents: those are the tenants'."""

from collections.abc import Iterator
from typing import Final

from django.db import DatabaseError, InterfaceError
from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from config.health import Vitals, is_broker_there, measure
from config.lateness_metrics import lateness_lines
from escalation.duties.unreadable import count_unreadable
from escalation.notifications.channels.registry import CHANNELS
from incidents.timers.clock import read_now

CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"

# name: (what it is, the field of Vitals)
_AGES: Final = {
    "tocsin_timer_lateness_seconds": (
        "Lateness of the oldest due timer.",
        "timer_lateness",
    ),
    "tocsin_pending_age_seconds": (
        "Age of the oldest entry not looked at.",
        "pending_age",
    ),
    "tocsin_undelivered_age_seconds": (
        "Age of the oldest message not delivered.",
        "undelivered_age",
    ),
    "tocsin_intake_age_seconds": ("Age of the oldest delivery not read.", "intake_age"),
    "tocsin_mail_age_seconds": ("Age of the oldest mail not read.", "mail_age"),
    "tocsin_unsealed_age_seconds": (
        "Age of the oldest entry not sealed.",
        "unsealed_age",
    ),
}


@require_safe
def metrics(request: HttpRequest) -> HttpResponse:
    """Answer in Prometheus' text format; a database that is gone is a figure too."""
    try:
        now = read_now()
        vitals = measure(now)
        lateness = [*lateness_lines(now), *_law_lines()]
    except (DatabaseError, InterfaceError):
        vitals, lateness = None, []
    lines = [*_lines(vitals, is_broker_up=is_broker_there()), *lateness]
    return HttpResponse("\n".join(lines) + "\n", content_type=CONTENT_TYPE)


def _lines(vitals: Vitals | None, *, is_broker_up: bool) -> Iterator[str]:
    yield from _gauge("tocsin_database_up", "Whether the database answers.")
    yield f"tocsin_database_up {int(vitals is not None)}"
    yield from _gauge("tocsin_broker_up", "Whether the broker answers.")
    yield f"tocsin_broker_up {int(is_broker_up)}"
    if vitals is None:
        return
    yield from _gauge(
        "tocsin_tick_age_seconds", "Since a consumer last ran to its end."
    )
    for consumer, age in vitals.tick_age.items():
        yield f'tocsin_tick_age_seconds{{consumer="{consumer}"}} {_shown(age)}'
    yield from _gauge("tocsin_chore_age_seconds", "Since a chore last ran to its end.")
    for chore, age in vitals.chore_age.items():
        yield f'tocsin_chore_age_seconds{{chore="{chore}"}} {_shown(age)}'
    for name, (meaning, field) in _AGES.items():
        yield from _gauge(name, meaning)
        yield f"{name} {getattr(vitals, field) or 0}"
    yield from _record_lines(vitals)
    yield from _stamp_lines(vitals)
    yield from _gauge(
        "tocsin_erased_values_standing",
        "Values that stand although the record says they are erased.",
    )
    yield f"tocsin_erased_values_standing {vitals.standing}"
    yield from _gauge(
        "tocsin_circuit_open", "Providers that fail and are only probed, by channel."
    )
    for channel in CHANNELS:
        count = vitals.open_circuits.get(channel, 0)
        yield f'tocsin_circuit_open{{provider="{channel}"}} {count}'
    yield from _counter(
        "tocsin_callbacks_refused_total",
        "Callbacks in a provider's name that were not signed by it.",
    )
    for provider, count in vitals.refused_callbacks.items():
        yield f'tocsin_callbacks_refused_total{{provider="{provider}"}} {count}'


def _record_lines(vitals: Vitals) -> Iterator[str]:
    sealing = vitals.sealing
    for name, meaning, value in (
        (
            "tocsin_sealed_size",
            "Entries that are sealed into the log.",
            sealing.sealed_size,
        ),
        (
            "tocsin_signed_size",
            "Size of the newest signed head of the log.",
            sealing.signed_size,
        ),
        (
            "tocsin_cosigned_size",
            "Size of the newest head that a quorum cosigned.",
            vitals.witnesses.cosigned_size,
        ),
        (
            "tocsin_quorum_age_seconds",
            "Since a quorum of witnesses last vouched for the log.",
            vitals.quorum_age or 0,
        ),
        (
            "tocsin_quorum_missed",
            "Whether that is longer ago than the platform allows.",
            int(vitals.witnesses.is_missed),
        ),
        (
            "tocsin_record_broken",
            "Whether the sealer refuses an entry.",
            int(bool(sealing.broken)),
        ),
        (
            "tocsin_record_mismatches",
            "What the last audit of the record found wrong.",
            len(vitals.mismatches),
        ),
    ):
        yield from _gauge(name, meaning)
        yield f"{name} {value}"


def _stamp_lines(vitals: Vitals) -> Iterator[str]:
    for name, meaning, value in (
        (
            "tocsin_stamped_size",
            "Size of the newest head that is stamped with the time.",
            vitals.stamps.size,
        ),
        (
            "tocsin_time_stamp_authorities_failing",
            "Authorities whose last time stamp failed.",
            len(vitals.stamps.failing),
        ),
    ):
        yield from _gauge(name, meaning)
        yield f"{name} {value}"


def _law_lines() -> Iterator[str]:
    yield from _gauge(
        "tocsin_unreadable_laws", "Texts of law in use that cannot be read."
    )
    yield f"tocsin_unreadable_laws {count_unreadable()}"


def _shown(age: float | None) -> str:
    # "Never" must look worse than late, and must not be absent.
    return "+Inf" if age is None else str(age)


def _gauge(name: str, meaning: str) -> Iterator[str]:
    yield f"# HELP {name} {meaning}"
    yield f"# TYPE {name} gauge"


def _counter(name: str, meaning: str) -> Iterator[str]:
    yield f"# HELP {name} {meaning}"
    yield f"# TYPE {name} counter"
