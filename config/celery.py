"""The Celery app: tasks on six queues, a beat, and a bell that cannot be lost.

No eta, no countdown, no result: state lives in PostgreSQL. Each worker also runs a
thread that calls the tasks of its queues itself whenever no bell has come for a second.
"""

import os
import threading
import time
from collections.abc import Callable
from typing import Any, Final

import structlog
from celery import Celery, bootsteps, signals
from celery.worker import WorkController
from django.conf import settings
from django.db import close_old_connections
from kombu import Queue

QUIET_SECONDS: Final = 1.0
QUEUES: Final = {
    "incidents.tasks.process_intake": "intake",
    "escalation.tasks.dispatch_routes": "timers",
    "escalation.tasks.tick": "timers",
    "escalation.tasks.deliver": "delivery",
    "incidents.tasks.seal": "sealing",
    "incidents.tasks.build_evidence": "evidence",
    "escalation.tasks.ask_witnesses": "witnesses",
}

log = structlog.get_logger(__name__)

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

app = Celery("tocsin")
app.conf.update(
    broker_url=settings.BROKER_URL,
    broker_connection_retry_on_startup=True,
    broker_connection_max_retries=None,
    # Seconds. A half-open broker must not hang whoever rings.
    broker_transport_options={
        "socket_timeout": 5,
        "socket_connect_timeout": 2,
        "visibility_timeout": 300,
        "unacked_restore_interval": 5,
        "unacked_restore_throttle": 1,
    },
    task_queues=[Queue(name) for name in sorted(set(QUEUES.values()))],
    task_routes={task: {"queue": queue} for task, queue in QUEUES.items()},
    task_ignore_result=True,
    # A ring that is lost is rung again a second later: nothing to acknowledge late.
    task_acks_late=False,
    worker_prefetch_multiplier=1,
    worker_send_task_events=False,
    worker_hijack_root_logger=False,
    worker_soft_shutdown_timeout=10,
    worker_cancel_long_running_tasks_on_connection_loss=False,
    task_serializer="json",
    accept_content=["json"],
    beat_schedule={
        **{
            task: {
                "task": task,
                "schedule": 1.0,
                "options": {"queue": queue, "expires": 2},
            }
            for task, queue in QUEUES.items()
        },
        "incidents.tasks.forget_deliveries": {
            "task": "incidents.tasks.forget_deliveries",
            "schedule": 3600.0,
            "options": {"queue": "intake", "expires": 600},
        },
        "escalation.tasks.refresh_calendars": {
            "task": "escalation.tasks.refresh_calendars",
            "schedule": 60.0,
            "options": {"queue": "intake", "expires": 60},
        },
        "incidents.tasks.sweep_files": {
            "task": "incidents.tasks.sweep_files",
            "schedule": 3600.0,
            "options": {"queue": "intake", "expires": 600},
        },
        "incidents.tasks.audit_record": {
            "task": "incidents.tasks.audit_record",
            "schedule": 3600.0,
            "options": {"queue": "intake", "expires": 600},
        },
        "incidents.tasks.fold_lateness": {
            "task": "incidents.tasks.fold_lateness",
            "schedule": 3600.0,
            "options": {"queue": "intake", "expires": 600},
        },
    },
    beat_scheduler="celery.beat:Scheduler",  # in memory: it keeps nothing worth a file
    timezone="UTC",
)
app.autodiscover_tasks(["incidents", "escalation"])

_last_bell: dict[str, float] = {}


@signals.task_prerun.connect
def _note_bell(sender: Any = None, **_: Any) -> None:
    _last_bell[sender.name] = time.monotonic()


@signals.worker_init.connect
def _store_regimes(**_: Any) -> None:
    """Keep the texts of the laws of this version; without a database, at the next start."""
    # The models are there only once the application is.
    from escalation.lawbook.storing import store_shipped  # noqa: PLC0415 (after setup)
    from incidents.timers.clock import read_now  # noqa: PLC0415 (the same)

    _call("store_shipped", lambda: store_shipped(read_now()))


@signals.worker_init.connect
def _look_for_what_was_brought_back(**_: Any) -> None:
    """Say soon after a restore what of the erased stands again."""
    # The models are there only once the application is.
    from incidents.custody.standing import check_standing  # noqa: PLC0415 (after setup)
    from incidents.timers.clock import read_now  # noqa: PLC0415 (the same)

    _call("check_standing", lambda: check_standing(read_now()))


class SelfRinger(bootsteps.StartStopStep):
    """Calls the worker's tasks without any broker when their bell has been silent.

    One thread for each task: a long pass of one must not make another late.
    """

    requires = ("celery.worker.components:Timer",)

    def __init__(self, parent: WorkController, **_: Any) -> None:
        self._stop = threading.Event()
        super().__init__(parent)

    def start(self, parent: WorkController) -> None:
        """Start the threads; runs before the worker has reached its broker."""
        mine = parent.app.amqp.queues.consume_from
        for name in (task for task, queue in QUEUES.items() if queue in mine):
            ringer = threading.Thread(
                target=self._run, args=(name,), name=f"ringer {name}", daemon=True
            )
            ringer.start()

    def stop(self, parent: WorkController) -> None:
        """Ask the threads to end; what they do is safe to cut short."""
        self._stop.set()

    def _run(self, name: str) -> None:
        while not self._stop.wait(QUIET_SECONDS / 4):
            # Beat rings every second: silence means that the broker is gone, and until
            # the next bell this thread looks four times a second.
            if time.monotonic() - _last_bell.get(name, 0.0) >= QUIET_SECONDS:
                _call(name, app.tasks[name].run)


def _call(name: str, task: Callable[[], object]) -> None:
    close_old_connections()
    try:
        task()
    except Exception:
        log.exception("self_ring_failed", task=name)
    finally:
        close_old_connections()


app.steps["worker"].add(SelfRinger)
