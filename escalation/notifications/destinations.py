"""Name the machine or provider that a message is handed to. Free of Django.

Messages of one organisation to one destination wait in one lane: who is slow to answer
must not keep others waiting.

>>> destination_of("webhook", "https://hooks.lab.example/pager?team=1")
'webhook:hooks.lab.example:443'
>>> destination_of("email", "ann@lab.example")
'email'
>>> destination_of("apprise", "ntfys://ntfy.sh/…")
'apprise:ntfys:ntfy.sh'
"""

from typing import Final
from urllib.parse import urlsplit

_PORTS: Final = {"http": 80, "https": 443}
DESTINATION_CHARACTERS: Final = 300


def destination_of(channel: str, address: str) -> str:
    """Return channel, host and port; the channel alone when one provider takes it all."""
    try:
        parts = urlsplit(address)
        host, port = parts.hostname, parts.port or _PORTS.get(parts.scheme, 0)
    except ValueError:
        return channel
    if not parts.scheme or not host:
        return channel
    if channel == "apprise":
        # Where the host is hidden or the service's own, the scheme tells which it is.
        return f"{channel}:{parts.scheme}:{host}"[:DESTINATION_CHARACTERS]
    return f"{channel}:{host}:{port}"[:DESTINATION_CHARACTERS]
