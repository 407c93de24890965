from collections.abc import Callable

import pytest

from escalation.models import AssessmentAnswer
from tests.api_world import ApiWorld, make_api_world


@pytest.fixture
def api_world(db: None, watch: Callable[..., None]) -> ApiWorld:
    world = make_api_world()
    watch(world.lab, "eu-gdpr-33")
    return world


def path(incident) -> str:
    return f"/api/v1/incidents/{incident.ref}/assessment/"


def test_assessment_says_what_is_asked_and_proposed(api_world: ApiWorld) -> None:
    incident = api_world.incident(category="PDB")
    found = api_world.as_("staff").get(path(incident)).json()
    assert [
        (one["question"], one["is_open"], one["answer"], one["suggestion"])
        for one in found["questions"]
    ] == [
        (
            "personal_data",
            True,
            None,
            {
                "said": "yes",
                "because": "Category: Personal or confidential data exposed",
            },
        )
    ]
    assert found["waiting"] == 1
    [proposed] = found["proposals"]
    assert (proposed["regime"], proposed["proposal"], proposed["verified_on"]) == (
        "eu-gdpr-33",
        "undecided",
        "2026-11-23",
    )
    assert proposed["limbs"] == [
        {
            "id": "personal_data_breach",
            "text": "personal data breach, unless unlikely to result in a risk",
            "citation": "Article 33(1)",
            "question": "personal_data_risk",
            "state": "open",
            "is_unknown": False,
        }
    ]


def test_answers_lead_to_a_proposal(api_world: ApiWorld) -> None:
    incident = api_world.incident()
    client = api_world.as_("responder")
    client.post(path(incident), {"question": "personal_data", "said": "yes"})
    body = {"question": "personal_data_risk", "said": "yes", "reason": "Passwords."}
    answer = client.post(path(incident), body)
    assert answer.status_code == 200
    found = answer.json()
    assert found["proposals"][0]["proposal"] == "reportable"
    given = found["questions"][1]["answer"]
    assert (given["said"], given["reason"]) == ("yes", "Passwords.")
    assert given["author"] == api_world.person("responder").email


@pytest.mark.parametrize(
    ("body", "status", "field"),
    [
        ({"question": "personal_data", "said": "no"}, 422, "reason"),
        ({"question": "personal_data", "said": "perhaps"}, 422, "said"),
        ({"said": "yes"}, 422, "question"),
        ({"question": "death", "said": "yes"}, 409, ""),
    ],
)
def test_what_cannot_be_used_is_named(
    api_world: ApiWorld, body: dict[str, str], status: int, field: str
) -> None:
    answer = api_world.as_("responder").post(path(api_world.incident()), body)
    assert answer.status_code == status
    assert field in answer.content.decode()
    assert AssessmentAnswer.objects.count() == 0


@pytest.mark.parametrize(
    ("role", "status"),
    [
        ("staff", 403),
        ("approver", 200),
        ("admin", 200),
        ("officer", 404),
        ("agency_admin", 404),
        ("other_lab_admin", 404),
        ("platform_admin", 404),
    ],
)
def test_only_the_owners_people_answer(
    api_world: ApiWorld, role: str, status: int
) -> None:
    incident = api_world.incident(shared=True)
    body = {"question": "personal_data", "said": "yes"}
    assert api_world.as_(role).post(path(incident), body).status_code == status
    assert AssessmentAnswer.objects.count() == (status == 200)


@pytest.mark.parametrize("role", ["officer", "supervisor", "agency_admin"])
def test_agency_reads_no_answers(api_world: ApiWorld, role: str) -> None:
    incident = api_world.incident(shared=True)
    assert api_world.as_(role).get(path(incident)).status_code == 404
