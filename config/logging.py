"""Write structured log lines, one JSON object each, to standard error.

Logs carry ids and counts, never content: of an exception they hold its kind and where it
was raised, for its text may quote a row and its variables may hold a password.
"""

import logging.config
import re
import traceback
from types import TracebackType
from typing import Any, Final

import structlog

# Secrets in a path: an acknowledge link, the address of a source, that of a calendar.
_SECRET_PATH: Final = re.compile(r"(/ack/|/am/|/hooks/[^/\s]+/|/oncall/feeds/)[^/\s]+")

ExceptionInfo = tuple[type[BaseException], BaseException, TracebackType | None]


def keep_content_out(
    logger: Any, method: str, line: structlog.typing.EventDict
) -> structlog.typing.EventDict:
    """Take out of a line what others put into it: addresses, requests, tasks' errors."""
    # Django adds the request, with its query; Celery the error's own text.
    line.pop("request", None)
    task = line.pop("data", None)
    if isinstance(task, dict) and "name" in task:
        line["event"] = f"task {task['name']} {task.get('description', '')}".strip()
    line["event"] = _SECRET_PATH.sub(r"\1…", str(line.get("event", "")))
    return line


def outline_exception(exc_info: ExceptionInfo) -> list[str]:
    """Return an exception and its causes: each one's kind, then where it was raised."""
    lines: list[str] = []
    error: BaseException | None = exc_info[1]
    while error is not None:
        state = getattr(error, "sqlstate", None)
        lines.append(type(error).__name__ + (f" {state}" if state else ""))
        lines += [
            f"  {frame.filename}:{frame.lineno} {frame.name}"
            for frame in traceback.extract_tb(error.__traceback__)
        ]
        error = error.__cause__ or (
            None if error.__suppress_context__ else error.__context__
        )
    return lines


SHARED_PROCESSORS: list[structlog.typing.Processor] = [
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_log_level,
    structlog.stdlib.add_logger_name,
    structlog.stdlib.ExtraAdder(),
    structlog.processors.TimeStamper(fmt="iso", utc=True, key="at"),
    structlog.processors.StackInfoRenderer(),
    keep_content_out,
]


def logging_settings(log_format: str, *, debug: bool) -> dict[str, Any]:
    """Return the `dictConfig` of the process, for `json` or `console` lines."""
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {
            "lines": {
                "()": structlog.stdlib.ProcessorFormatter,
                "foreign_pre_chain": SHARED_PROCESSORS,
                "processors": [
                    structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                    *_renderers(log_format),
                ],
            },
        },
        "handlers": {
            "stderr": {"class": "logging.StreamHandler", "formatter": "lines"},
        },
        "root": {"handlers": ["stderr"], "level": "INFO"},
        "loggers": {
            "django.server": {"handlers": ["stderr"], "propagate": False},
            "django.db.backends": {"level": "INFO"},
            # Its lines name the addresses, which are secrets, and quote the mail.
            "mail": {"level": "WARNING"},
            "celery": {"level": "DEBUG" if debug else "INFO"},
            # A task rings every second: one line for each would bury the rest.
            "celery.app.trace": {"level": "WARNING"},
            "celery.beat": {"level": "WARNING"},
            "celery.worker.request": {"level": "WARNING"},
            "celery.worker.strategy": {"level": "WARNING"},
        },
    }


def configure_logging(settings: dict[str, Any]) -> None:
    """Apply the settings to `logging` and to structlog."""
    logging.config.dictConfig(settings)
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *SHARED_PROCESSORS,
            structlog.stdlib.PositionalArgumentsFormatter(),
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )


def _renderers(log_format: str) -> list[structlog.typing.Processor]:
    if log_format == "console":
        return [
            structlog.processors.ExceptionRenderer(_outline_text),
            structlog.dev.ConsoleRenderer(colors=False),
        ]
    return [
        structlog.processors.ExceptionRenderer(outline_exception),
        structlog.processors.JSONRenderer(sort_keys=True),
    ]


def _outline_text(exc_info: ExceptionInfo) -> str:
    return "\n".join(outline_exception(exc_info))
