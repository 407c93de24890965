"""A model leaves its sandbox: from the first report to the final one, accepted, in a browser.

The case of `escalation/showcase/story.py`, by hand and on to its end: who knew when is
disputed, the model was for internal use, four laws may want a report. One is decided
against, one is filed by hand at a portal, one goes to an agency here, which asks, returns
and accepts.
"""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from escalation.showcase import story
from tests.scenarios.browser import CHROMIUM, Chromium, Page
from tests.scenarios.world import World

pytestmark = [
    pytest.mark.scenario,
    pytest.mark.skipif(CHROMIUM is None, reason="Debian's chromium is not installed"),
]

PASSWORD = "tocsin-demo"
INITIAL = "eu-gpai-cop-9 initial_cybersecurity_breach"
FINAL = "eu-gpai-cop-9 final"


@dataclass
class Case:
    """The people at their browsers, and the incident that they are about."""

    world: World
    responder: Page
    approver: Page
    admin: Page
    officer: Page
    ref: str = ""
    filing: str = ""

    def duties(self, who: Page) -> Page:
        return who.open(f"/incidents/{self.ref}/duties/")

    def now(self) -> datetime:
        at: datetime = self.world.sql(
            "SELECT clock_timestamp() + make_interval(secs => coalesce("
            "(SELECT seconds FROM tocsin_test_clock LIMIT 1), 0))"
        )[0][0]
        return at

    def shoot(self, page: Page, name: str) -> None:
        """Keep a picture for the how-to where somebody asks for it."""
        if folder := os.environ.get("CASE_PICTURES"):
            page.shoot(Path(folder) / f"{name}.png")

    def forward(self, days: float) -> None:
        self.world.fast_forward(minutes=days * 24 * 60)


@pytest.fixture(scope="module")
def case(demo: World, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Case]:
    site = f"http://127.0.0.1:{demo.port}"
    names = ("duty@aurora", "approver@aurora", "admin@aurora", "officer@naisa")
    with Chromium(tmp_path_factory.mktemp("browser")) as browser:
        responder, approver, admin, officer = (
            browser.person(site).sign_in(f"{name}.example", PASSWORD) for name in names
        )
        yield Case(demo, responder, approver, admin, officer)


def test_the_case_goes_from_the_first_report_to_the_accepted_final_one(
    case: Case, tmp_path: Path
) -> None:
    report(case)
    dispute_when_they_knew(case)
    assess(case)
    decide(case)
    write(case, INITIAL, second="us-ca-sb53 report")
    submit_and_file_by_hand(case, tmp_path)
    take_in_and_ask(case)
    case.forward(days=9)
    resolve(case)
    write(case, FINAL)
    case.responder.open(case.filing).press("Submit it")
    return_and_accept(case)
    is_on_the_record(case)


def report(case: Case) -> None:
    page = case.responder.open("/incidents/new/")
    page.fill("title", story.TITLE)
    page.fill("category", story.CATEGORY).tick("severity", "4")
    page.fill("facet_internal_use", "yes").press("File")
    case.ref = page.address.split("/")[2]
    clocks = "SELECT count(*) FROM tocsin_statutory_clock"
    case.world.eventually(lambda: case.world.sql(clocks)[0][0] > 10)


def dispute_when_they_knew(case: Case) -> None:
    """The attribution came later than the first report: both stand, one is chosen."""
    later = case.now() - timedelta(minutes=1)
    for name in ("aware", "model_involvement_aware"):
        page = case.duties(case.approver).within("#record .panel-foot")
        page.fill("name", name).fill("at", f"{later:%Y-%m-%d %H:%M:%S}")
        page.fill("source", "attribution by the research team").fill("confirm", True)
        page.press("Add it")
    assert "disputed" in case.duties(case.approver).within("#record").text
    sql = "SELECT max(id) FROM tocsin_anchor WHERE name = 'aware' AND author_id IS NOT NULL"
    [(candidate,)] = case.world.sql(sql)
    page = case.approver.within(f"#instant-{candidate}")
    page.fill("regime", "eu-ai-act-73")
    page.fill("reason", "Until then nobody knew of a model.").press("Have it count")
    assert "Until then nobody knew of a model." in case.approver.text


def assess(case: Case) -> None:
    page = case.approver
    for _ in range(30):
        page.open(f"/incidents/{case.ref}/duties/assessment/")
        if "All answered" in page.text:
            break
        key = page.run("document.querySelector('[name=question]').value")
        said, why = ("yes", story.TRUE[key]) if key in story.TRUE else ("no", "")
        asked = page.within("#ask").tick("said", said)
        asked.fill("reason", why or story.WHY_FALSE).press("Record the answer")
    assert "All answered" in page.text
    assert "Suggests: reportable" in page.text
    case.shoot(page, "assessment")


def decide(case: Case) -> None:
    """One person decides, another confirms; under New York's law nobody does."""
    laws = [verdict.regime_id for verdict in story.VERDICTS]
    for verdict in story.VERDICTS:
        law = verdict.regime_id
        form = case.duties(case.approver).within(f"#decision-{law}")
        form.fill("reason", verdict.reason)
        if verdict.limbs:
            form.tick("verdict", "reportable").tick("limbs", verdict.limbs[0])
        else:
            review = f"{case.now() + timedelta(days=40):%Y-%m-%d}"
            form.tick("verdict", "not_reportable").fill("review_on", review)
        form.press("Decide")
        assert "not confirmed" in case.approver.within(f"#decision-{law}").text
    for law in laws:
        case.duties(case.admin).within(f"#decision-{law}").press("Confirm it")
        assert "Confirmed by Ada Novak" in case.admin.within(f"#decision-{law}").text
    sql = (
        "SELECT count(*) FROM tocsin_statutory_clock "
        f"WHERE regime_id = '{story.AI_ACT}' AND ended_at IS NULL"
    )
    case.world.eventually(lambda: case.world.sql(sql)[0][0] == 0)
    case.shoot(case.duties(case.admin), "duties")


def write(case: Case, duty: str, *, second: str = "") -> None:
    """Draft, answer each field or say that it is not yet known, review, approve."""
    page = case.responder.open(f"/incidents/{case.ref}/filings/new/")
    page.fill("to-1-duty", duty).fill("to-1-agency", "naisa")
    if second:
        page.fill("to-2-duty", second).fill("to-2-agency", "by-hand")
    page.press("Begin the draft")
    case.filing = f"/filings/{page.address.split('/')[2]}/"
    empty = page.run(
        "[...document.querySelectorAll('textarea[name^=answer-]')]"
        ".filter((e) => !e.value).map((e) => e.name.slice(7))"
    )
    # The last one is for a section that the law does not ask for.
    for number in empty[1:-1]:
        page.fill(f"answer-{number}", "What is known of it so far.")
    page.fill(f"unknown-{empty[0]}", True)
    page.fill(f"reason-{empty[0]}", "Still being counted.").press("Save this version")
    page.press("Send it to review")
    case.approver.open(case.filing).press("Approve it")


def submit_and_file_by_hand(case: Case, folder: Path) -> None:
    page = case.responder.open(case.filing).press("Submit it")
    assert "on time" in page.text
    receipt = folder / "receipt.txt"
    receipt.write_text(story.PORTAL_RECEIPT, encoding="utf-8")
    page.fill("reference", story.PORTAL_REFERENCE)
    page.fill("submitted_at", f"{case.now():%Y-%m-%dT%H:%M}")
    page.attach("file", receipt).press("Record it")
    assert story.PORTAL_REFERENCE in page.text
    case.shoot(page, "filing")


def take_in_and_ask(case: Case) -> None:
    """The agency reads only its part, gives a number, and asks for more."""
    page = case.officer.open("/filings/")
    case.shoot(page, "inbox")
    page.follow(story.TITLE)
    assert "Short and plain statement" not in page.text
    page.press("Give the receipt")
    form = page.within('form[action*="/ask/"]')
    form.fill("text", story.QUESTION)
    form.fill("due_at", f"{case.now() + timedelta(days=2):%Y-%m-%dT%H:%M}")
    form.press("Send the request")
    answer = case.responder.open(case.filing).within('form[action$="answer/"]')
    answer.fill("text", story.ANSWER).press("Send the answer")
    assert "Northlake Hosting" in case.officer.open(case.filing).text
    page.press("Accept it")


def resolve(case: Case) -> None:
    page = case.responder.open(f"/incidents/{case.ref}/")
    form = page.within('form[action$="resolve/"]')
    form.fill("reason", "The harness was rebuilt; no copy is left.").press("Resolve")
    assert "Reopen" in case.responder.text
    sql = "SELECT count(*) FROM tocsin_anchor WHERE name = 'resolved'"
    case.world.eventually(lambda: case.world.sql(sql)[0][0] >= 1)


def return_and_accept(case: Case) -> None:
    """The final report comes back with a remark once, and is accepted then."""
    page = case.officer.open(case.filing).press("Give the receipt")
    remark = page.run("document.querySelector('[name^=remark-]').name")
    form = page.within('form[action*="/return/"]')
    form.fill("text", "The root cause is missing.").fill(remark, "Say why.")
    form.press("Return it")
    lab = case.responder.open(case.filing)
    assert "Say why." in lab.text
    lab.press("Revise it")
    lab.open(f"{case.filing}edit/").fill(
        "answer-0", "A token of the harness was valid."
    )
    lab.press("Save this version").press("Send it to review")
    case.approver.open(case.filing).press("Approve it")
    case.responder.open(case.filing).press("Submit it")
    case.officer.open(case.filing).press("Give the receipt").press("Accept it")
    assert "Accepted" in case.responder.open(case.filing).text
    case.shoot(case.responder, "accepted")


def is_on_the_record(case: Case) -> None:
    """Clocks were met by what was filed, and nothing was late."""
    rows = case.world.sql(
        "SELECT stage, met_by <> '', met_at <= due_operational "
        "FROM tocsin_statutory_clock WHERE state = 'met' ORDER BY stage"
    )
    met = [("final", True, True), ("initial_cybersecurity_breach", True, True)]
    # The agency's request for information is a clock of the lab, too.
    assert rows == [*met, ("report", True, True), ("request:1", True, True)]
    kinds = {
        kind
        for (kind,) in case.world.sql(
            "SELECT DISTINCT kind FROM tocsin_entry WHERE kind LIKE 'filing.%'"
        )
    }
    wanted = "drafted approved submitted received returned accepted info_requested"
    assert {f"filing.{name}" for name in wanted.split()} <= kinds
