"""The docs name what the code has, and nothing that it has not."""

import json
import re
import tomllib

import pytest
from django.conf import settings
from django.core.management import get_commands

from config.api import build_schema
from config.env_reading import read_environment, variables
from incidents.events.kinds import KINDS
from incidents.events.models import Purpose
from incidents.intake.adapters.registry import ADAPTERS

ROOT = settings.BASE_DIR
DOCS = ROOT / "docs"
PAGES = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted(DOCS.rglob("*.md"))]
DECISIONS = sorted((DOCS / "decisions").glob("*.md"))
OURS = ("config", "escalation", "incidents")
# Hosts of package registries, and folders that only somebody's machine has.
FORBIDDEN = re.compile(
    r"/simple/|://(?:registry|index|files)\."
    r"|(?<![\w.:>])/(?:work|root|tmp|home|Users|opt)/"
)


def page(name):
    return (ROOT / name).read_text(encoding="utf-8")


def table(text, *, columns):
    """Return the rows of every table with so many columns, heads left out."""
    rows = [line.split(" | ") for line in text.splitlines() if line.startswith("| ")]
    return [[cell.strip("| ") for cell in row] for row in rows if len(row) == columns]


def names_in(cell):
    return frozenset(re.findall(r"`([^`]+)`", cell))


def name_of(path):
    return str(path.relative_to(ROOT))


@pytest.fixture(params=PAGES, ids=name_of)
def document(request):
    return request.param


def test_every_setting_is_documented_and_no_other():
    rows = table(page("docs/reference/settings.md"), columns=3)
    assert [row[0].strip("`") for row in rows[1:]] == list(variables())


def test_the_example_of_production_settings_is_read():
    text = page("docs/howto/production.md")
    lines = re.findall(r"^ +([A-Z_]+=.*)$", text, re.M)
    found = read_environment(dict(line.split("=", 1) for line in lines))
    assert found.allowed_hosts == ("tocsin.example",)
    assert found.database_owner_url.startswith("postgresql://tocsin_owner:")


def test_every_command_is_documented_and_no_other():
    rows = table(page("docs/reference/commands.md"), columns=2)
    named = {row[0].strip("`").split()[0] for row in rows}
    ours = {name for name, app in get_commands().items() if app in OURS}
    djangos = {"check", "migrate"}
    makes = {"make", "Command", "Program", "web", "one", "beat", "receiver", "guard"}
    assert named - makes == ours | djangos | {"signer", "up"}


def test_every_make_target_is_documented():
    phony = re.search(r"^\.PHONY: (.*)$", page("Makefile"), re.M)
    named = re.findall(r"^\| `make ([\w-]+)", page("docs/reference/commands.md"), re.M)
    assert sorted(named) == sorted(phony[1].split())


def audience_of(kind):
    if kind.purpose == Purpose.ACCESS:
        return "access"
    if kind.purpose == Purpose.CONFIG:
        return "configuration"
    return "own side" if kind.shared is None else "both sides"


def test_every_event_kind_is_documented_with_its_audience_and_fields():
    rows = table(page("docs/reference/events.md"), columns=5)[1:]
    documented = {
        row[0].strip("`"): (row[1], names_in(row[2]), names_in(row[3])) for row in rows
    }
    expected = {
        kind.name: (
            audience_of(kind),
            kind.fields - (kind.shared or frozenset()),
            kind.shared or frozenset(),
        )
        for kind in KINDS.values()
    }
    assert documented == expected


def test_every_endpoint_is_documented_and_no_other():
    rows = table(page("docs/reference/api.md"), columns=3)
    methods = {"GET", "POST", "PUT", "PATCH", "DELETE"}
    documented = {(r[0], r[1].strip("`")) for r in rows if r[0] in methods}
    expected = {
        (method.upper(), path.removeprefix("/api/v1"))
        for path, operations in build_schema()["paths"].items()
        for method in operations
        if method.upper() in methods
    }
    assert documented == expected


def test_every_metric_is_documented_and_no_other(client, db):
    shown = set(re.findall(r"^# TYPE (\w+)", client.get("/metrics").text, re.M))
    rows = table(page("docs/reference/metrics.md"), columns=3)[1:]
    assert {row[0].strip("`") for row in rows} == shown


def test_readme_is_short():
    assert len(page("README.md").splitlines()) <= 120


def test_readme_names_targets_and_commands_that_exist():
    text = page("README.md")
    targets = set(re.findall(r"^([\w-]+):", page("Makefile"), re.M))
    assert set(re.findall(r"(?:^|`)make ([\w-]+)", text, re.M)) <= targets
    commands = set(re.findall(r"manage\.py ([\w-]+)", text))
    assert commands
    assert commands <= get_commands().keys()


def test_readme_names_accounts_and_keys_of_the_demo():
    text, world = page("README.md"), tomllib.loads(page("demo/world.toml"))
    people = {person["email"] for person in world["people"]}
    named = set(re.findall(r"[\w.]+@[\w.]+\.example", text))
    assert "staff@aurora.example" in named
    assert named <= people
    [(tool, key)] = re.findall(r"/hooks/(\w+)/([\w-]+)", text)
    assert (tool, key) in {(s["tool"], s["key"]) for s in world["sources"]}


def test_readme_posts_an_alert_that_its_adapter_reads():
    bodies = re.findall(r"-d '(.*?)'", page("README.md"), re.S)
    incident, alert = (json.loads(body) for body in bodies)
    assert incident["severity"] >= 3
    parsed = ADAPTERS["alertmanager"].parse(
        json.dumps(alert).encode(), headers={}, options={}
    )
    assert [a.title for a in parsed.alerts] == ["1.2 TB left cluster c1"]


def test_every_tool_is_in_the_page_on_connecting_one_and_no_other():
    titles = re.findall(r"^## (.*)$", page("docs/howto/connect-a-tool.md"), re.M)
    assert titles == sorted(titles, key=lambda title: title.split(", `")[0].lower())
    assert {title.split("`")[1] for title in titles} == set(ADAPTERS)


def test_relative_links_resolve(document):
    text = document.read_text(encoding="utf-8")
    links = re.findall(r"\]\(([^)\s]+)\)", text)
    local = [link.partition("#")[0] for link in links if "://" not in link]
    assert [x for x in local if x and not (document.parent / x).exists()] == []


def test_named_files_exist(document):
    text = document.read_text(encoding="utf-8")
    named = re.findall(r"`((?:config|incidents|escalation|tests|docs)/[^`\s]+)`", text)
    whole = [path for path in named if not re.search(r"[<…*]", path)]
    assert [path for path in whole if not (ROOT / path).exists()] == []


def test_no_host_of_a_registry_and_no_path_of_a_machine(document):
    assert FORBIDDEN.findall(document.read_text(encoding="utf-8")) == []


def test_no_number_of_a_decision_is_taken_twice():
    numbers = [int(path.name[:4]) for path in DECISIONS]
    assert numbers == sorted(set(numbers))


@pytest.mark.parametrize("path", DECISIONS, ids=name_of)
def test_a_decision_has_its_parts_and_its_length(path):
    lines = path.read_text(encoding="utf-8").splitlines()
    assert len(lines) <= 60
    assert lines[0].startswith(f"# {int(path.name[:4])}. ")
    heads = [line.removeprefix("## ") for line in lines if line.startswith("## ")]
    for part in ("Context", "Options", "Decision", "Consequences"):
        assert part in heads
    assert heads[-1] == "The sign that it was wrong"
