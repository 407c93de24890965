import csv
import json
from datetime import UTC, datetime

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext

from escalation.routing.dispatch import dispatch
from incidents.errors import BadInput
from incidents.events.actor import Actor
from incidents.incident.receipts import receipt_of
from incidents.intake.imports.mapping import own_mapping
from incidents.intake.imports.running import Importer
from incidents.intake.imports.writing import Import
from incidents.models import Entry, Incident, Pending
from tests import factories
from tests.factories import NOW

pytestmark = pytest.mark.django_db

HEAD = "external_id,title,severity,category,status,opened_at,resolved_at\n"
OPEN = "A-1,Badge found,2,INS,open,2026-01-02T03:04:05Z,\n"
CLOSED = "A-2,Old jailbreak,3,SGB,closed,2025-05-01T00:00:00Z,2025-05-02T00:00:00Z\n"
BAD = "A-3,,9,INS,open,,\n"


@pytest.fixture
def aurora():
    return factories.lab("aurora", name="Aurora Labs")


@pytest.fixture
def export(tmp_path):
    path = tmp_path / "old tool.csv"
    path.write_text(HEAD + OPEN + CLOSED)
    return path


def run(path, organisation, **more):
    into = Import(organisation, "old", Actor.system(organisation), **more)
    refused = []
    importer = Importer(
        path, own_mapping(), into, lambda line, found: refused.append((line, found))
    )
    tally = importer.run(lambda: NOW, tell=lambda _: None)
    return tally, refused


def incidents():
    rows = Incident.objects.order_by("opened_at")
    return [(i.title, i.status, i.opened_at, i.resolved_at) for i in rows]


def test_incidents_come_in_as_they_were(aurora, export):
    tally, refused = run(export, aurora)

    assert (tally.read, tally.imported, tally.known, refused) == (2, 2, 0, [])
    assert incidents() == [
        (
            "Old jailbreak",
            "resolved",
            datetime(2025, 5, 1, tzinfo=UTC),
            datetime(2025, 5, 2, tzinfo=UTC),
        ),
        ("Badge found", "open", datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC), None),
    ]


def test_a_second_run_brings_in_only_what_is_new(aurora, export):
    run(export, aurora)
    export.write_text(HEAD + OPEN + CLOSED + OPEN.replace("A-1", "A-9"))

    tally, _ = run(export, aurora)

    assert (tally.imported, tally.known, Incident.objects.count()) == (1, 2, 3)


def test_the_same_ids_of_another_lab_are_other_incidents(aurora, export):
    run(export, aurora)

    tally, _ = run(export, factories.lab("meridian"))

    assert (tally.imported, tally.known) == (2, 0)


def test_an_id_that_comes_twice_in_a_file_is_refused_again_and_again(aurora, export):
    export.write_text(HEAD + OPEN + OPEN)
    _, first = run(export, aurora)

    tally, second = run(export, aurora)

    assert first == second
    assert [(line, p.field, p.value) for line, [p] in second] == [
        (3, "external_id", "A-1")
    ]
    assert (tally.known, tally.refused) == (1, 1)


def test_nobody_is_paged_for_what_is_imported(aurora, export):
    factories.route(aurora, factories.policy(aurora), is_default=True)

    run(export, aurora)

    assert dispatch(NOW) == 0
    assert list(Entry.objects.values_list("kind", flat=True)) == [
        "incident.imported",
        "incident.imported",
    ]


def test_on_demand_what_is_open_is_routed(aurora, export):
    run(export, aurora, is_paging=True)

    waiting = Pending.objects.filter(consumer="router").select_related("incident")
    assert [row.incident.title for row in waiting] == ["Badge found"]


def test_the_import_is_the_receipt(aurora, export):
    run(export, aurora)

    for incident in Incident.objects.all():
        entry = Entry.objects.get(stream__audience__incident=incident)
        assert receipt_of(incident)["leaf_hash"] == bytes(entry.leaf_hash).hex()


def test_a_batch_takes_the_same_number_of_statements_whatever_its_size(
    aurora, tmp_path
):
    def statements(count):
        rows = [
            {
                "external_id": f"{count}-{i}",
                "title": "x",
                "severity": 1,
                "category": "AVL",
            }
            for i in range(count)
        ]
        path = tmp_path / f"{count}.jsonl"
        path.write_text("\n".join(map(json.dumps, rows)))
        with CaptureQueriesContext(
            connection,
        ) as queries:
            run(path, aurora)
        return len(queries)

    run_once = statements(1)
    assert statements(3) == run_once


def test_a_column_that_the_file_lacks_stops_the_import_before_it_begins(aurora, export):
    export.write_text("id,title\n1,a\n")

    with pytest.raises(BadInput) as refused:
        run(export, aurora)

    assert (refused.value.value, refused.value.remedy) == (
        "external_id",
        "The file has the columns id, title; map one of them.",
    )


def test_the_command_writes_refused_rows_to_a_table_and_fails(aurora, export, capsys):
    export.write_text(HEAD + OPEN + BAD + CLOSED.replace("3,SGB", "=1+1,SGB"))

    with pytest.raises(CommandError) as failed:
        call_command("import_incidents", str(export), "--organisation=aurora")

    report = export.with_suffix(".refused.csv")
    assert str(failed.value) == f"2 rows were refused; {report} says why."
    assert capsys.readouterr().out == "3 rows: 1 imported, 0 in already, 2 refused\n"
    with report.open(newline="") as file:
        assert [row[:3] for row in csv.reader(file)] == [
            ["line", "field", "value"],
            ["3", "title", ""],
            ["3", "severity", "9"],
            ["4", "severity", "'=1+1"],
        ]


def test_a_dry_run_writes_nothing(aurora, export, capsys):
    call_command("import_incidents", str(export), "--organisation=aurora", "--dry-run")

    assert capsys.readouterr().out == (
        "2 rows: 2 would be imported, 0 in already, 0 refused\n"
    )
    assert (Incident.objects.count(), Entry.objects.count()) == (0, 0)


def test_the_command_reads_a_mapping_and_says_what_it_leaves(aurora, tmp_path, capsys):
    mapping = tmp_path / "theirs.toml"
    mapping.write_text(
        '[fields]\nNo = "external_id"\nSubject = "title"\nPrio = "severity"\n'
        '[severities]\nP1 = 4\n[defaults]\ncategory = "GOV"\n'
    )
    export = tmp_path / "theirs.csv"
    export.write_text("No;Subject;Prio;Team\n1;Power lost;P1;night\n")

    call_command(
        "import_incidents",
        str(export),
        "--organisation=aurora",
        f"--mapping={mapping}",
    )

    assert capsys.readouterr().out == (
        "not taken: Team\n1 rows: 1 imported, 0 in already, 0 refused\n"
    )
    incident = Incident.objects.get()
    assert (incident.title, incident.severity, incident.category) == (
        "Power lost",
        4,
        "GOV",
    )


def test_only_people_of_the_lab_import_for_it(aurora, export):
    stranger = factories.person(factories.lab("meridian"))

    with pytest.raises(CommandError) as failed:
        call_command(
            "import_incidents",
            str(export),
            "--organisation=aurora",
            f"--by={stranger.email}",
        )

    assert str(failed.value) == f"--by '{stranger.email}' is nobody of Aurora Labs."


def test_an_agency_owns_no_incidents(aurora, export):
    factories.agency("naisa")

    with pytest.raises(CommandError) as failed:
        call_command("import_incidents", str(export), "--organisation=naisa")

    assert str(failed.value) == (
        "--organisation 'naisa' is not a lab; name one of aurora. "
        "Incidents belong to labs."
    )


def test_a_run_without_refusals_removes_the_report_of_an_earlier_one(aurora, export):
    report = export.with_suffix(".refused.csv")
    export.write_text(HEAD + OPEN + BAD)
    with pytest.raises(CommandError, match="1 row was refused"):
        call_command("import_incidents", str(export), "--organisation=aurora")
    assert report.exists()
    export.write_text(HEAD + OPEN)
    call_command("import_incidents", str(export), "--organisation=aurora")
    assert not report.exists()
    report.write_text("my own notes")
    call_command("import_incidents", str(export), "--organisation=aurora")
    assert report.read_text() == "my own notes"
