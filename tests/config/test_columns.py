import pytest
from django.apps import apps
from django.db import connection

from config.column_kinds import Column, Holds
from config.columns import COLUMNS
from incidents.models import Organisation, User

# Types that cannot hold words; a column of any other type must be declared.
_WORDLESS = (
    "bigint",
    "boolean",
    "date",
    "double precision",
    "integer",
    "smallint",
    "time without time zone",
    "timestamp with time zone",
    "uuid",
)
# Written by `migrate` alone: names of our own files.
_WITHOUT_MODEL = {"django_migrations"}

DECLARED = [
    pytest.param(label, name, column, id=f"{label}.{name}")
    for label, columns in COLUMNS.items()
    for name, column in columns.items()
]


def _tables() -> dict[str, str]:
    """Returns {table: model label}, with the tables of many-to-many fields."""
    models = apps.get_models(include_auto_created=True)
    return {model._meta.db_table: model._meta.label for model in models}


def _columns_with_words() -> dict[str, set[str]]:
    """Returns {table: columns} of everything in the database that can hold words."""
    query = """
        SELECT table_name, column_name FROM information_schema.columns
        WHERE table_schema = current_schema() AND data_type <> ALL(%s)
    """
    found: dict[str, set[str]] = {}
    with connection.cursor() as cursor:
        cursor.execute(query, [list(_WORDLESS)])
        for table, column in cursor.fetchall():
            found.setdefault(table, set()).add(column)
    return found


@pytest.mark.django_db
def test_every_column_that_can_hold_words_is_declared_and_no_other():
    tables = _tables()
    expected = {
        tables.get(table, table): columns
        for table, columns in _columns_with_words().items()
        if table not in _WITHOUT_MODEL
    }

    declared = {label: set(columns) for label, columns in COLUMNS.items()}

    assert declared == expected


@pytest.mark.parametrize(("label", "name", "column"), DECLARED)
def test_declaration_leads_to_whose_it_is(label: str, name: str, column: Column):
    ends_at = {Holds.CONTENT: Organisation, Holds.PERSONAL: User, Holds.NEITHER: None}
    model = apps.get_model(label)

    found = _end_of(model, column.of) if column.of else None

    # Where no key leads there, the reason says how to find it.
    assert found is ends_at[column.holds] or (not column.of and column.why)


def _end_of(model, path: str):
    if path == "self":
        return model
    for part in path.split("__"):
        model = model._meta.get_field(part).related_model
    return model
