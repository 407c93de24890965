import io
import json
import logging
from typing import Any

import pytest
from django.urls import URLPattern, URLResolver, get_resolver
from django.urls.converters import StringConverter

from config.logging import logging_settings

# Parameters of pages' addresses that hold any text and are no secret.
NO_SECRETS = {"origin_hash", "ref", "name", "uid"}
SECRET = "weights-copied-to-a-laptop"


def written(log_format: str, *, error: Exception | None = None, **record: Any) -> str:
    """Returns what the process writes of one record."""
    wiring = logging_settings(log_format, debug=False)["formatters"]["lines"]
    out = io.StringIO()
    handler = logging.StreamHandler(out)
    maker = wiring.pop("()")
    handler.setFormatter(maker(**wiring))
    values = {"name": "tests", "levelno": logging.ERROR, "levelname": "ERROR"} | record
    made = logging.makeLogRecord(values)
    if error is not None:
        made.exc_info = (type(error), error, error.__traceback__)
    handler.emit(made)
    return out.getvalue()


def failure() -> Exception:
    """Returns an error whose text, cause and variables hold content."""
    title = SECRET
    try:
        try:
            raise KeyError(title)
        except KeyError as cause:
            raise ValueError(f"cannot read {title}") from cause
    except ValueError as error:
        return error


@pytest.mark.parametrize("log_format", ["json", "console"])
def test_exception_is_logged_without_its_text_and_its_variables(log_format):
    line = written(log_format, error=failure(), msg="broken")
    assert SECRET not in line
    for word in ("broken", "ValueError", "KeyError", "test_logging.py"):
        assert word in line


def test_request_and_its_query_are_left_out():
    line = json.loads(
        written("json", msg="Not Found: /x/", request=f"GET /?q={SECRET}")
    )
    assert (line["event"], SECRET in str(line)) == ("Not Found: /x/", False)


def test_failed_task_is_named_without_its_error():
    data = {"name": "deliver", "description": "raised unexpected", "exc": SECRET}
    line = json.loads(written("json", msg=f"Task failed {SECRET}", data=data))
    assert (line["event"], SECRET in str(line)) == (
        "task deliver raised unexpected",
        False,
    )


@pytest.mark.parametrize(
    ("path", "shown"),
    [
        ("/ack/abc:1x:sig/", "/ack/…/"),
        ("/hooks/generic/s3cr3t", "/hooks/generic/…"),
        ("/am/s3cr3t/api/v2/alerts", "/am/…/api/v2/alerts"),
        ("/oncall/feeds/s3cr3t.ics", "/oncall/feeds/…"),
        ("/oncall/feeds/s3cr3t", "/oncall/feeds/…"),
        ("/incidents/INC-1/", "/incidents/INC-1/"),
    ],
)
def test_secret_in_an_address_is_cut_out(path, shown):
    line = json.loads(written("json", msg="Forbidden: %s", args=(path,)))
    assert line["event"] == f"Forbidden: {shown}"


def texts_in_paths(resolver: URLResolver, before: str = "/") -> list[tuple[str, str]]:
    """Returns each parameter that holds any text: its name, and an address with it."""
    found = []
    for one in resolver.url_patterns:
        path = before + str(one.pattern)
        if isinstance(one, URLResolver):
            found += texts_in_paths(one, path)
        elif isinstance(one, URLPattern):
            found += [
                (name, path.replace(f"<str:{name}>", SECRET))
                for name, converter in one.pattern.converters.items()
                if type(converter) is StringConverter
            ]
    return found


def test_every_text_in_an_address_is_known_as_no_secret_or_cut_out():
    texts = texts_in_paths(get_resolver())
    secrets = {path for name, path in texts if name not in NO_SECRETS}
    lines = {path: written("json", msg=f"Not Found: {path}") for path in secrets}
    # Alertmanager's API lies behind a source's key.
    alone = {path for path in secrets if not path.startswith(f"/am/{SECRET}/")}
    assert alone == {
        f"/ack/{SECRET}/",
        f"/ack/{SECRET}/receipt/",
        f"/oncall/feeds/{SECRET}.ics",
    }
    assert [path for path, line in lines.items() if SECRET in line] == []
