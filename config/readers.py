"""Read the text of one environment variable; a ValueError says what is wrong with it."""

import re
from collections.abc import Callable
from ipaddress import ip_network
from pathlib import Path
from urllib.parse import urlsplit

TRUE_WORDS = frozenset({"1", "true", "yes", "on"})
FALSE_WORDS = frozenset({"0", "false", "no", "off"})
# Whole seconds among the bounds of `incidents/timers/histogram.py`.
ON_TIME_BOUNDS_MS = (1_000, 2_000, 4_000, 10_000, 30_000, 60_000)
PHONE_NUMBER = re.compile(r"\+[1-9][0-9]{6,14}")
UNSAFE_SCHEMES = frozenset(
    {
        *("json", "jsons", "xml", "xmls", "form", "forms", "file", "apprise"),
        *("apprises", "syslog", "rsyslog", "dbus", "qt", "kde", "glib", "gnome"),
        *("macosx", "windows", "mqtt", "mqtts", "mailto", "mailtos", "smpp", "smpps"),
    }
)
ATTACHMENT_LIMIT = re.compile(r"([a-z0-9-]+)=(\d+)/(\d+)")
SEND_LIMIT = re.compile(
    r"(email|webhook|sms|voice|slack|teams|apprise)=([0-9]{1,6})/([0-9]{1,6})"
)


def text(value: str) -> str:
    """Read any text."""
    return value


def flag(value: str) -> bool:
    """Read yes or no."""
    word = value.strip().lower()
    if word not in TRUE_WORDS | FALSE_WORDS:
        raise ValueError("is neither 1/true/yes/on nor 0/false/no/off")
    return word in TRUE_WORDS


def positive_number(value: str) -> int:
    """Read a whole number above zero."""
    if not value.isascii() or not value.isdigit() or int(value) == 0:
        raise ValueError("is not a whole number above zero")
    return int(value)


def on_time_bound(value: str) -> int:
    """Read a number of seconds that latenesses are counted by."""
    seconds = {str(bound // 1_000): bound // 1_000 for bound in ON_TIME_BOUNDS_MS}
    if value not in seconds:
        raise ValueError(f"is not one of {', '.join(seconds)}")
    return seconds[value]


def words(value: str) -> tuple[str, ...]:
    """Read a list separated by commas."""
    return tuple(word.strip() for word in value.split(",") if word.strip())


def address_ranges(value: str) -> tuple[str, ...]:
    """Read IP addresses and ranges, separated by commas."""
    return tuple(str(ip_network(word)) for word in words(value))


def phone_number(value: str) -> str:
    """Read a telephone number with its country's code. Source: ITU-T E.164 §6."""
    if not PHONE_NUMBER.fullmatch(value):
        raise ValueError("is not a number like +37255501234")
    return value


def apprise_schemes(value: str) -> tuple[str, ...]:
    """Read schemes; those that post anywhere or act on this machine are refused."""
    found = words(value)
    if refused := sorted(UNSAFE_SCHEMES & {word.lower() for word in found}):
        raise ValueError(f"holds what may not be allowed ({', '.join(refused)})")
    return found


def send_limits(value: str) -> tuple[tuple[str, int, int], ...]:
    """Read limits like sms=10/60: a minute to one address, and to the provider."""
    found = [SEND_LIMIT.fullmatch(word) for word in words(value)]
    if not all(found):
        raise ValueError("is not a list like sms=10/60,slack=30/600")
    return tuple((m[1], int(m[2]), int(m[3])) for m in found if m)


def attachment_limits(value: str) -> tuple[tuple[str, int, int], ...]:
    """Read limits like aurora=100/20000: MiB of one file, and of all together."""
    found = [ATTACHMENT_LIMIT.fullmatch(word) for word in words(value)]
    if not all(found):
        raise ValueError("is not a list like aurora=100/20000,naisa=500/0")
    return tuple((m[1], int(m[2]), int(m[3])) for m in found if m)


def folder(value: str) -> Path:
    """Read a path, relative ones from the working directory."""
    if not value.strip():
        raise ValueError("is empty where a path is needed")
    return Path(value).expanduser().absolute()


def one_of(*choices: str) -> Callable[[str], str]:
    """Read one of the given words."""

    def read(value: str) -> str:
        if value not in choices:
            raise ValueError(f"is not one of {', '.join(choices)}")
        return value

    return read


def url(*schemes: str) -> Callable[[str], str]:
    """Read an address whose scheme is one of the given ones."""

    def read(value: str) -> str:
        scheme, separator, _ = value.partition("://")
        if not separator or scheme not in schemes:
            expected = ", ".join(f"{name}://" for name in schemes)
            raise ValueError(f"does not start with one of {expected}")
        _ = urlsplit(value).port  # a malformed port raises ValueError
        return value

    return read
