"""Make up bodies that a tool might post, and bodies that it never would.

They are built from the words that the tool's own reader looks for, and by spoiling the
written payloads in some places, so that chance alone reaches its branches.
"""

import ast
import json
import sys
from functools import cache
from pathlib import Path

from hypothesis import strategies as st

from incidents.intake.adapters import presets
from incidents.intake.adapters.mapping import STATES
from incidents.intake.adapters.registry import ADAPTERS

ROOT = Path(__file__).parents[4]
OWN = ROOT / "tests/payloads"
PACKAGE = "incidents.intake.adapters"
SPOILT = 3

ODD = [
    "https://a.example:bad/",
    "http://[",
    "0001-01-01T00:00:00Z",
    "{}:{}",
    "\ud800\x00\r\nB",
    "true",
    "[" * 2_000,
    '{"a": 1}',
    "99999999999999999999",
]

scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(10**25), 10**25),
    st.floats(),
    st.text(max_size=8),
    st.sampled_from(ODD),
)


@cache
def words_of(tool):
    """Return the texts that stand in the reader of a tool and in those it builds on."""
    names = {ADAPTERS[tool].parse.__module__}
    if tool in presets.ADAPTERS:
        names.add(presets.__name__)
    names |= {
        name
        for name in _imported(ADAPTERS[tool].parse.__module__)
        if name.startswith(PACKAGE)
    }
    words = {word for name in names for word in _texts(name)}
    return sorted(word for word in words if word and len(word) < 80)


def _tree(name):
    return ast.parse(Path(sys.modules[name].__file__).read_text(encoding="utf-8"))


def _imported(name):
    for node in ast.walk(_tree(name)):
        if isinstance(node, ast.ImportFrom) and node.module:
            inner = {f"{node.module}.{alias.name}" for alias in node.names}
            yield from (inner | {node.module}) & set(sys.modules)


def _texts(name):
    for node in ast.walk(_tree(name)):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value


@cache
def payloads_of(tool):
    """Return the written payloads of a tool, read as JSON."""
    paths = sorted((OWN / tool).glob("*.json"))
    return [json.loads(path.read_bytes()) for path in paths]


@cache
def bodies_for(tool):
    """Return a strategy of raw bodies for one tool."""
    words = st.sampled_from(words_of(tool))
    values = scalars | words
    documents = st.recursive(
        values,
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(words | st.text(max_size=4), inner, max_size=8)
        ),
        max_leaves=12,
    )
    spoilt = _spoilt(payloads_of(tool), documents, words)
    written = (documents | spoilt | spoilt).map(lambda m: json.dumps(m).encode())
    return st.binary(max_size=80) | written


@cache
def headers_for(tool):
    """Return a strategy of the headers that are kept for one tool."""
    names = ADAPTERS[tool].headers
    if not names:
        return st.just({})
    # Others are taken out before a header is kept.
    printable = [word for word in words_of(tool) if word.isprintable()]
    values = st.text(max_size=12).filter(str.isprintable) | st.sampled_from(printable)
    return st.just({}) | st.dictionaries(st.sampled_from(names), values)


@st.composite
def _spoilt(draw, payloads, documents, words):
    """Draw a written payload with some of its values replaced, dropped or added to."""
    document = json.loads(json.dumps(draw(st.sampled_from(payloads))))
    for _ in range(draw(st.integers(0, SPOILT))):
        document = _spoil(draw, document, documents, words)
    return document


def _spoil(draw, value, documents, words):
    inside = _json_in(value)
    if inside and draw(st.booleans()):
        return json.dumps(_spoil(draw, inside, documents, words))
    if not isinstance(value, dict | list) or not value or draw(st.integers(0, 3)) == 0:
        return draw(documents)
    places = sorted(value) if isinstance(value, dict) else list(range(len(value)))
    place = draw(st.sampled_from(places))
    kind = draw(st.integers(0, 7))
    if kind == 0:
        value.pop(place)
    elif kind == 1 and isinstance(value, dict):
        value[draw(words)] = draw(documents)
    else:
        value[place] = _spoil(draw, value[place], documents, words)
    return value


def _json_in(value):
    try:
        found = json.loads(value) if isinstance(value, str) else None
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


PATHS = ["$", "$.alerts", "alerts", "$[*]", "$..labels", "$..*", "labels.title"]
PATHS += [
    "$['a', 'title']",
    "$[?@.status == 'ok']",
    "$[0, 1]",
    "$.alerts[1:]",
    "$[::-1]",
]
FIELDS = ["title", "alerts", "status", "labels", "labels.x", "dedup_key", "started_at"]


def mappings():
    """Return a strategy of mappings, as a customer may have saved them."""
    paths = st.dictionaries(st.sampled_from(FIELDS), st.sampled_from(PATHS), max_size=5)
    words = st.dictionaries(
        st.sampled_from(["status.ok", "status.firing", "status.0", "status.true"]),
        st.sampled_from(STATES),
        max_size=2,
    )
    return st.builds(lambda mapped, said: {**mapped, **said}, paths, words)
