import pytest

from escalation.worldfile.export import export_world
from incidents.models import ReportDesk, ReportHandler
from tests.escalation.worldfile.conftest import SMALL

pytestmark = pytest.mark.django_db

PEOPLE = """
[[people]]
email = "ann@naisa.example"
roles = { naisa = ["officer"] }

[[people]]
email = "bob@naisa.example"
roles = { naisa = ["officer"] }
"""


def desk(*handlers: str, organisation: str = "naisa", more: str = "") -> str:
    named = ", ".join(f'"{email}"' for email in handlers)
    return f"""
[[report_desks]]
organisation = "{organisation}"
handlers = [{named}]
{more}
"""


def handlers() -> list[str]:
    rows = ReportHandler.objects.active().order_by("user__email")
    return list(rows.values_list("user__email", flat=True))


def test_desk_is_made_changed_and_exported(apply):
    start = SMALL + PEOPLE
    apply(start + desk("ann@naisa.example", more="takes_all = true"))
    assert handlers() == ["ann@naisa.example"]
    changed = apply(start + desk("bob@naisa.example", more="open = false"))
    assert changed.lines == (
        "~ desk for anonymous reports of naisa: + bob@naisa.example, "
        "- ann@naisa.example, open False, takes all False",
    )
    assert handlers() == ["bob@naisa.example"]
    assert ReportDesk.objects.get().is_open is False
    assert apply(export_world()).lines == ()


def test_stranger_as_handler_is_told_with_the_place(apply):
    with pytest.raises(Exception, match=r"there is no person 'x@y\.example'"):
        apply(SMALL + desk("x@y.example"))


def test_lab_that_takes_all_is_told(apply):
    text = SMALL + desk(organisation="aurora", more="takes_all = true")
    with pytest.raises(Exception, match="Only an agency takes all reports"):
        apply(text)
