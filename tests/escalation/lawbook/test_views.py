from datetime import date

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils.html import escape

from escalation.lawbook.editing import RegimeDraft, save_regime
from escalation.lawbook.profile_editing import ProfileDraft, save_profile
from escalation.lawbook.registry import shipped
from escalation.lawbook.showing import status_of
from escalation.models import RegimeText
from incidents.events.actor import Actor
from incidents.models import Organisation
from tests import factories as make
from tests.escalation.lawbook.framework import framework
from tests.factories import NOW

pytestmark = pytest.mark.django_db

LIST = reverse("regime-list")
ID = "aurora-framework"


@pytest.fixture
def lab() -> Organisation:
    return make.lab("aurora", name="Aurora Labs")


@pytest.fixture
def reader(client: Client, lab: Organisation) -> Client:
    client.force_login(make.person(lab, role="staff"))
    return client


@pytest.fixture
def admin(lab: Organisation) -> Client:
    client = Client()
    client.force_login(make.person(lab, role="admin"))
    return client


def _own(lab: Organisation, text: str = "") -> None:
    draft = RegimeDraft(text or framework(), "version 3 was published")
    save_regime(lab, draft, user=None, actor=Actor.system(lab), now=NOW)


def _watch(lab: Organisation, *regimes: str) -> None:
    draft = ProfileDraft({name: {} for name in regimes})
    save_profile(lab, draft, actor=Actor.system(lab), now=NOW)


def _page(regime: str) -> str:
    return reverse("regime-detail", args=[regime])


def test_list_shows_every_law_those_first_that_we_are_under(
    reader: Client, lab: Organisation
):
    _watch(lab, "us-ca-sb53")

    answer = reader.get(LIST)

    assert [row["id"] for row in answer.context["watched"]] == ["us-ca-sb53"]
    others = [row["id"] for row in answer.context["others"]]
    assert others == sorted(shipped().keys() - {"us-ca-sb53"})
    assert "15 days after discovering it" in answer.text
    assert "This is not legal advice." in answer.text


def test_list_takes_as_many_queries_for_three_own_regimes_as_for_one(
    reader: Client, lab: Organisation, django_assert_num_queries
):
    _own(lab)
    reader.get(LIST)
    with CaptureQueriesContext(connection) as one:
        reader.get(LIST)
    for number in (1, 2):
        _own(lab, framework().replace(ID, f"aurora-{number}"))

    with django_assert_num_queries(len(one)):
        shown = reader.get(LIST).context["others"]

    assert len(shown) == len(shipped()) + 3


def test_list_of_the_platforms_operator_shows_the_laws_and_no_framework(lab):
    _own(lab)
    operator = Organisation.objects.create(slug="op", name="Op", kind="platform")
    client = Client()
    client.force_login(make.person(operator, role="operator"))

    answer = client.get(LIST)

    assert [row["id"] for row in answer.context["others"]] == sorted(shipped())


def test_operator_reads_a_law_and_is_told_of_no_profile():
    operator = Organisation.objects.create(slug="op", name="Op", kind="platform")
    client = Client()
    client.force_login(make.person(operator, role="operator"))

    answer = client.get(_page("us-ca-sb53"))

    assert (answer.status_code, answer.context["profile_url"]) == (200, "")
    assert reverse("legal-profile") not in answer.text


def test_authority_without_a_profile_is_told_that_it_owes_answers_all_the_same():
    client = Client()
    client.force_login(make.person(make.agency(), role="officer"))

    answer = client.get(LIST)

    assert answer.context["watched"] == []
    assert "An authority owes its answers under every law" in answer.text
    assert "No incident starts a statutory clock" not in answer.text


def test_duty_of_the_authority_is_marked(reader: Client):
    stages = reader.get(_page("eu-nis2-23")).context["stages"]

    assert [one["id"] for one in stages if one["is_authoritys"]] == ["authority_answer"]


def test_report_shows_which_limbs_bring_it(reader: Client):
    stages = reader.get(_page("eu-ai-act-73")).context["stages"]

    [death] = [one for one in stages if one["id"] == "report_death"]
    assert death["limbs"] == ["the death of a person"]


def test_page_shows_the_laws_words_beside_each_number(reader: Client):
    answer = reader.get(_page("us-ca-sb53"))

    text = answer.text
    assert "loss of control of a frontier model causing death or bodily injury" in text
    assert "15 days after discovering it" in text
    assert "B&amp;P 22757.13(a), (c)(1)" in text
    assert "Code of Civil Procedure 12 and 12a" in text
    assert "23 Nov 2026" in text
    assert "That CCP 12a extends this duty is untested." in text


@pytest.mark.parametrize("regime", sorted(shipped()))
def test_page_of_every_law_that_came_with_us_is_shown(reader: Client, regime: str):
    answer = reader.get(_page(regime))

    assert answer.status_code == 200
    assert escape(shipped()[regime].regime.source_url) in answer.text
    stages = answer.context["stages"]
    assert [one["id"] for one in stages] == [
        stage.id for stage in shipped()[regime].regime.stages
    ]


@pytest.mark.parametrize(
    ("regime", "words"),
    [
        ("us-ny-raise", "Not in effect before 1 January 2027."),
        ("us-circia", "Not in effect: "),
    ],
)
def test_law_that_is_not_in_effect_is_plainly_marked(
    reader: Client, lab: Organisation, regime: str, words: str
):
    assert words in reader.get(_page(regime)).text
    assert "Not in effect" not in reader.get(_page("us-ca-sb53")).text


@pytest.mark.parametrize(
    ("today", "said"),
    [
        (date(2026, 12, 31), ("not in effect yet", False)),
        (date(2027, 1, 1), ("in force", True)),
    ],
)
def test_law_is_in_effect_from_its_date_without_a_newer_text(
    today: date, said: tuple[str, bool]
):
    found = status_of(shipped()["us-ny-raise"].regime, today)
    assert (found["status_words"], found["is_in_effect"]) == said


def test_unknown_law_is_not_found(reader: Client):
    assert reader.get(_page("eu-nothing")).status_code == 404


def test_calculator_counts_every_report(reader: Client):
    query = {"anchor-discovered": "2026-12-10", "zone": "America/Los_Angeles"}

    answer = reader.get(_page("us-ca-sb53"), query)

    report, imminent = answer.context["counted"]
    assert report.due == "Fri 25 Dec 2026, 23:59:59 PST"
    assert report.due_utc == "26 Dec, 07:59:59 UTC"
    assert report.latest == "Mon 28 Dec 2026, 23:59:59 PST"
    assert report.notes == (
        "15 days after discovering it",
        "date only, from its first instant: discovered",
    )
    assert (imminent.status, imminent.due) == ("waiting", "")
    assert imminent.waiting_for == "discovering that there is an imminent risk"


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"anchor-discovered": "soon"}, "anchor-discovered"),
        ({"anchor-discovered": "2026-12-10", "zone": "Mars"}, "zone"),
        ({"anchor-discovered": "2026-12-10", "calendar": "XX"}, "calendar"),
    ],
)
def test_calculator_tells_a_mistake_at_its_field(
    reader: Client, query: dict[str, str], field: str
):
    answer = reader.get(_page("us-ca-sb53"), query)

    assert (answer.status_code, list(answer.context["form"].errors)) == (422, [field])
    assert answer.context["counted"] == []


def test_calculator_begins_with_what_the_profile_says(
    reader: Client, lab: Organisation
):
    draft = ProfileDraft({"eu-dora-19": {"zone": "Europe/Riga", "calendar": "LV"}})
    save_profile(lab, draft, actor=Actor.system(lab), now=NOW)

    form = reader.get(_page("eu-dora-19")).context["form"]

    assert (form["zone"].value(), form["calendar"].value()) == ("Europe/Riga", "LV")


def test_framework_of_another_lab_is_not_found(reader: Client):
    meridian = make.lab("meridian")
    _own(meridian, framework("meridian"))

    for name in ("regime-detail", "regime-diff"):
        assert reader.get(reverse(name, args=["meridian-framework"])).status_code == 404
    assert "meridian-framework" not in reader.get(LIST).text


def test_framework_is_written_on_a_page(admin: Client, lab: Organisation):
    begun = admin.get(reverse("regime-new"))
    text = begun.context["form"]["text"].value()

    answer = admin.post(reverse("regime-new"), {"text": text, "reason": "first"})

    assert answer.headers["Location"] == _page(ID)
    row = RegimeText.objects.get(organisation=lab)
    assert (row.text, row.reason) == (text, "first")
    assert "edit_url" in admin.get(_page(ID)).context


def test_text_that_cannot_be_used_stays_on_the_page_with_the_remedy(admin: Client):
    sent = {"text": framework().replace("hours", "moons"), "reason": "first"}

    answer = admin.post(reverse("regime-new"), sent)

    assert answer.status_code == 422
    [error] = answer.context["form"].errors["text"]
    assert error.startswith("stages[0].terms[0].unit: 'moons' is unknown")
    assert answer.context["form"]["text"].value() == sent["text"]


def test_former_version_is_shown_and_marked(admin: Client, lab: Organisation):
    _own(lab)
    sent = {"text": framework(hours=24), "reason": "faster"}
    admin.post(reverse("regime-edit", args=[ID]), sent)

    former, now = admin.get(_page(ID), {"version": 1}), admin.get(_page(ID))

    assert former.context["is_former"] is True
    assert "48 hours after becoming aware" in former.text
    assert now.context["is_former"] is False
    assert "24 hours after becoming aware" in now.text
    assert [row["reason"] for row in now.context["versions"]] == [
        "faster",
        "version 3 was published",
    ]
    assert admin.get(_page(ID), {"version": "3"}).status_code == 404


def test_text_is_found_by_the_digest_that_a_clock_keeps(
    reader: Client, lab: Organisation
):
    _own(lab)
    _own(lab, framework(hours=24))
    digest = RegimeText.objects.filter(organisation=lab).earliest("pk").digest

    former = reader.get(_page(ID), {"text": digest})

    assert former.context["is_former"] is True
    assert "48 hours after becoming aware" in former.text
    assert reader.get(_page(ID), {"text": "0" * 64}).status_code == 404


def test_versions_are_compared_line_by_line(admin: Client, lab: Organisation):
    _own(lab)
    _own(lab, framework(hours=24))
    query = {"from_version": 1, "to_version": 2}

    answer = admin.get(reverse("regime-diff", args=[ID]), query)

    [changed] = [c for c in answer.context["changes"] if c.kind != "kept"]
    assert "length = 48" in changed.before.text
    assert "length = 24" in changed.after.text


def test_staff_may_not_write_a_framework(reader: Client, lab: Organisation):
    _own(lab)
    sent = {"text": framework(hours=24), "reason": "faster"}

    assert reader.post(reverse("regime-edit", args=[ID]), sent).status_code == 403
    assert "edit_url" not in reader.get(_page(ID)).context
    assert RegimeText.objects.filter(organisation=lab).count() == 1


def test_law_that_came_with_us_is_nobodys_to_change(admin: Client):
    sent = {"text": framework(), "reason": "x"}

    answer = admin.post(reverse("regime-edit", args=["us-ca-sb53"]), sent)

    assert answer.status_code == 404


def test_framework_is_taken_out_of_use(admin: Client, lab: Organisation):
    _own(lab)

    answer = admin.post(reverse("regime-retire", args=[ID]), {"reason": "over"})

    assert answer.headers["Location"] == LIST
    assert admin.get(_page(ID)).status_code == 404
    assert admin.get(_page(ID), {"version": 1}).status_code == 200


def test_law_says_what_it_knows_for_who_cannot_report_in_time(reader: Client):
    page = reader.get(_page("us-sec-8k-105")).content.decode()
    assert "Delay for national security or public safety" in page
    assert "Up to 60 days, granted by the Attorney General" in page
    assert "No extension and no notice of delay is known" not in page


def test_law_that_knows_no_delay_says_so(reader: Client):
    page = reader.get(_page("eu-nis2-23")).content.decode()
    assert "No extension and no notice of delay is known of this law." in page
