"""Read how a person is to be paged from one table of the file."""

from escalation.notifications.rule_editing import FIELDS
from escalation.notifications.rule_reading import (
    RulesError,
    read_rules,
    rules_to_body,
)
from escalation.worldfile.tables import Table
from escalation.worldfile.world import RulesSpec


def read_rules_spec(table: Table) -> RulesSpec:
    """Read one person's rules; whether their methods exist is checked elsewhere."""
    body = {name: table.raw(name) for name in FIELDS if table.has(name)}
    try:
        read = rules_to_body(read_rules(body))
    except RulesError as error:
        table.problems.add_within(table.path, str(error))
        read = {}
    return RulesSpec(
        path=table.path,
        organisation=table.slug("organisation"),
        person=table.email("person"),
        body=read,
    )
