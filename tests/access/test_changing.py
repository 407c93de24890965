"""Whatever changes a row writes an entry in the same transaction, or is excused by name."""

from http import HTTPStatus

from django.db import connection, transaction
from django.test import Client

from incidents.models import Entry
from tests.access.changing import BODIES, ELSEWHERE, UNRECORDED
from tests.access.places import PLACES, address
from tests.access.scene import Scene

_CHANGES = [key for key in PLACES if key.split()[1] != "GET"]
# Acts by which somebody changes what is set up, or who may do what.
_SETTING_UP = ("configure", "cover")
# What an entry itself writes, and what notes the use of a session or token.
_KEPT_BY_THE_WAY = {
    *("tocsin_entry", "tocsin_disclosure", "tocsin_stream", "tocsin_data_key"),
    *("tocsin_audience_stream", "tocsin_pending", "tocsin_read_mark"),
    "tocsin_idempotency_key",
}
_NOT_THEIRS = (HTTPStatus.FORBIDDEN, HTTPStatus.NOT_FOUND)
_CHANGED = """
SELECT relname, n_tup_ins + n_tup_upd + n_tup_del FROM pg_stat_xact_user_tables
 WHERE n_tup_ins + n_tup_upd + n_tup_del > 0
"""


def _written() -> dict[str, int]:
    """Returns how many rows of each table this transaction has written."""
    with connection.cursor() as cursor:
        cursor.execute(_CHANGED)
        return dict(cursor.fetchall())


def _change(
    scene: Scene, clients: dict[str, Client], key: str
) -> tuple[int, int, set[str]]:
    """Sends a change and takes it back; returns status, entries, tables that changed."""
    where, method, _ = key.split()
    form = {} if where == "page" else {"format": "json"}
    if "file-attachments" in key:
        form = {"format": "multipart"}
    body = BODIES[key](scene) if key in BODIES else PLACES[key].body
    with transaction.atomic():
        place = address(key, scene)
        last, before = Entry.objects.latest("pk").pk, _written()
        answer = getattr(clients[where], method.lower())(place, data=body, **form)
        entries = Entry.objects.filter(pk__gt=last).exclude(kind="record.read").count()
        after = _written()
        transaction.set_rollback(True)
    changed = {table for table in after if after[table] != before.get(table, 0)}
    return answer.status_code, entries, changed - _KEPT_BY_THE_WAY


def _changed_by_one_of(
    scene: Scene, visitors: list[dict[str, Client]], key: str
) -> tuple[int, int, set[str]]:
    """Sends a change in the name of whoever has to do with it first."""
    answers = (_change(scene, clients, key) for clients in visitors)
    found = next(answers)
    while found[0] in _NOT_THEIRS and (other := next(answers, None)):
        found = other
    return found


def test_every_change_is_an_entry_or_is_excused(scene: Scene):
    visitors = [
        {"api": scene.call(who), "page": scene.visit(who)}
        for who in ("lab admin", "agency admin", "platform admin")
    ]
    with connection.cursor() as cursor:
        cursor.execute("UPDATE tocsin_api_token SET last_used_at = now()")
    unrecorded, untried = set(), set()
    for key in _CHANGES:
        _, entries, changed = _changed_by_one_of(scene, visitors, key)
        if changed and not entries:
            unrecorded.add(key)
        if not entries and key.startswith("api") and PLACES[key].act in _SETTING_UP:
            untried.add(key)
    assert unrecorded - set(UNRECORDED) == set()
    assert sorted(untried - set(UNRECORDED)) == sorted(ELSEWHERE)


def test_only_changes_that_exist_are_excused():
    assert {*UNRECORDED, *ELSEWHERE, *BODIES} <= set(_CHANGES)
