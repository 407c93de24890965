"""Who puts what on the pages that show both apps."""

from config.platform_part import platform_part
from escalation.clocks.panels import clocks_mark, clocks_panel, overdue_part
from escalation.duties.assessment_section import assessment_section
from escalation.duties.clock_panels import (
    duty_clocks_mark,
    duty_clocks_panel,
    duty_clocks_section,
)
from escalation.duties.deadlines import ALL_DEADLINES, reports_part
from escalation.duties.decisions_section import decisions_section
from escalation.duties.delays.section import delays_section
from escalation.duties.page import DUTIES_PAGE
from escalation.duties.panels import duties_panel
from escalation.duties.record_section import record_section
from escalation.filings.panels import filings_section
from escalation.notifications.panels import (
    account_panel,
    notifications_mark,
    notifications_panel,
)
from escalation.notifications.rule_views import rules_panel
from escalation.runs.panels import filed_panel, ladder_panel, paged_part
from incidents.incident.deadlines import add_deadlines
from incidents.incident.home import add_home_panel, lab_part
from incidents.incident.panels import FILED_PAGE, INCIDENT_PAGE
from incidents.intake.panels import alerts_panel
from incidents.organisations.account_panels import add_account_panel
from incidents.signatures.panels import signing_panel
from incidents.triage.panels import agency_part, triage_panel


def register_panels() -> None:
    """Register every part, the most urgent first; called when the app is ready."""
    INCIDENT_PAGE.add(triage_panel)
    INCIDENT_PAGE.add(ladder_panel)
    INCIDENT_PAGE.add(clocks_panel, mark=clocks_mark)
    INCIDENT_PAGE.add(duty_clocks_panel, mark=duty_clocks_mark)
    add_deadlines(ALL_DEADLINES)
    INCIDENT_PAGE.add(notifications_panel, mark=notifications_mark)
    INCIDENT_PAGE.add(alerts_panel)
    INCIDENT_PAGE.add(signing_panel)
    INCIDENT_PAGE.add(duties_panel)
    for section in (
        duty_clocks_section,
        assessment_section,
        decisions_section,
        delays_section,
        filings_section,
        record_section,
    ):
        DUTIES_PAGE.add(section)
    FILED_PAGE.add(filed_panel)
    add_account_panel(account_panel)
    add_account_panel(rules_panel)
    home = (paged_part, reports_part, overdue_part, agency_part, lab_part)
    for part in (*home, platform_part):
        add_home_panel(part)
