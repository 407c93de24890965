"""Say what the product must know about a tool besides how its bodies are read.

Each `adapters/<tool>.py` ends with its `ADAPTER`; `registry.py` lists them.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from urllib.parse import urlsplit

from incidents.intake.adapters.base import ParsedDelivery

TRIAL_TITLE = "Test from Tocsin"
TRIAL_SUMMARY = "Somebody pressed the test button of this source. Nothing is wrong."
# One key for all trials of a source: pressing again while its incident is open counts up.
TRIAL_KEY = "tocsin-trial"


class Parse(Protocol):
    """Turn one raw body into alerts. Raises Unreadable and nothing else."""

    def __call__(
        self, body: bytes, *, headers: Mapping[str, str], options: Mapping[str, object]
    ) -> ParsedDelivery:
        """Return what the delivery says. Names of headers are in lower case."""
        ...


# A list where the tool posts one: only an object can be read through a mapping.
Trial = Callable[[datetime], Mapping[str, object] | Sequence[object]]


@dataclass(frozen=True, slots=True)
class Adapter:
    """One tool.

    `tool` is its name in addresses and tables, `name` the one for people. `setup` says
    what to enter where; `snippet` is what to copy there, with `{url}` for the source's
    address. `docs_url` is the maker's page on its webhooks. `trial` writes the JSON of the
    test button in the tool's own shape, one alert of severity *info* that began at an
    instant; `trial_headers` go with it. `headers` are those that its bodies need to be
    read, in lower case. A tool that never says *resolved* has `sends_resolved` False.
    `address` is the source's address, with `{base}` for the site's and `{key}` where the
    key is part of it.
    """

    tool: str
    name: str
    parse: Parse
    setup: str
    docs_url: str
    trial: Trial
    snippet: str = ""
    headers: tuple[str, ...] = ()
    trial_headers: Mapping[str, str] | None = None
    sends_resolved: bool = True
    address: str = "{base}/hooks/{tool}/{key}"

    def url(self, *, base: str, key: str) -> str:
        """Return the address of a source of this tool."""
        return _filled(self.address, base=base, tool=self.tool, key=key)

    @property
    def has_key_apart(self) -> bool:
        """Whether the key is given to the tool by itself, not in the address."""
        return "{key}" not in self.address

    def example(self, *, url: str, key: str) -> str:
        """Return the snippet with the source's address in it; empty where there is none."""
        parts = urlsplit(url)
        return _filled(
            self.snippet,
            url=url,
            key=key,
            scheme=parts.scheme,
            host=parts.netloc,
            path=parts.path,
        )


def _filled(text: str, **values: str) -> str:
    for name, value in values.items():
        text = text.replace(f"{{{name}}}", value)
    return text
