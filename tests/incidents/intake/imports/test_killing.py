"""An import that is killed goes on where it was: nothing twice, nothing lost."""

import signal
import subprocess
import sys
import time

import pytest
from django.conf import settings

from incidents.intake.imports.models import ImportedIncident
from incidents.models import Entry, Incident
from tests import factories

HEAD = "external_id,title,severity,category,status,opened_at\n"
ROWS = 3_000


@pytest.fixture
def database(world_database, django_db_blocker):
    with django_db_blocker.unblock():
        yield world_database


def test_an_import_that_is_killed_half_way_goes_on(database, tmp_path):
    factories.lab("aurora")
    path = tmp_path / "old.csv"
    rows = (f"A-{n},Old {n},2,INS,open,2026-01-02T03:04:05Z\n" for n in range(ROWS))
    path.write_text(HEAD + "".join(rows))
    command = [sys.executable, "manage.py", "import_incidents", str(path)]
    options = {"cwd": settings.BASE_DIR, "env": database.environment()}

    first = subprocess.Popen([*command, "--organisation=aurora"], **options)
    while not ImportedIncident.objects.exists():
        assert first.poll() is None
        time.sleep(0.005)
    first.send_signal(signal.SIGKILL)
    first.wait()
    before = ImportedIncident.objects.count()
    assert 0 < before < ROWS
    assert Incident.objects.count() == before

    again = subprocess.run(
        [*command, "--organisation=aurora"],
        check=True,
        stdout=subprocess.PIPE,
        text=True,
        **options,
    )
    assert again.stdout == (
        f"{ROWS} rows: {ROWS - before} imported, {before} in already, 0 refused\n"
    )
    assert Incident.objects.count() == ROWS
    assert Incident.objects.values("title").distinct().count() == ROWS
    assert Entry.objects.filter(kind="incident.imported").count() == ROWS
