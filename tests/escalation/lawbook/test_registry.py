import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from escalation.lawbook.registry import (
    digest_of,
    regime_of,
    regimes_of,
    regimes_of_many,
    shipped,
    texts_of_many,
)
from escalation.models import RegimeText
from incidents.models import Organisation
from tests import factories as make
from tests.escalation.lawbook.framework import framework
from tests.factories import NOW

pytestmark = pytest.mark.django_db


def _store(
    organisation: Organisation | None, text: str, *, is_current: bool = True
) -> str:
    digest = digest_of(text)
    regime_id = text.split('"')[1]
    RegimeText.objects.create(
        organisation=organisation,
        regime_id=regime_id,
        digest=digest,
        text=text,
        created_at=NOW,
        is_current=is_current,
    )
    return digest


def _with_name(regime_id: str, name: str) -> str:
    ours = shipped()[regime_id]
    return ours.text.replace(f'name = "{ours.regime.name}"', f'name = "{name}"', 1)


def test_regimes_are_those_that_came_with_us_sorted():
    lab = make.lab()

    found = regimes_of(lab.pk)

    assert list(found) == sorted(shipped())
    assert found["us-ca-sb53"] == shipped()["us-ca-sb53"]
    assert found["us-ca-sb53"].organisation_id is None
    assert found["us-ca-sb53"].digest == digest_of(found["us-ca-sb53"].text)


def test_regimes_hold_the_own_ones_and_not_those_of_others():
    aurora, meridian = make.lab("aurora"), make.lab("meridian")
    digest = _store(aurora, framework("aurora"))

    own = regimes_of(aurora.pk)["aurora-framework"]

    assert (own.digest, own.organisation_id) == (digest, aurora.pk)
    assert own.regime.stages[0].terms[0].length == 48
    assert "aurora-framework" not in regimes_of(meridian.pk)
    assert "aurora-framework" not in regimes_of(None)


def test_own_regime_does_not_hide_one_that_came_with_us():
    lab = make.lab("us")
    _store(lab, _with_name("us-ca-sb53", "Nothing is ever due"))

    found = regimes_of(lab.pk)["us-ca-sb53"]

    assert found == shipped()["us-ca-sb53"]


def test_stored_current_text_goes_before_the_file():
    newer = _with_name("us-ca-sb53", "As amended")
    RegimeText.objects.filter(organisation=None, regime_id="us-ca-sb53").delete()
    _store(None, newer)

    assert regimes_of(None)["us-ca-sb53"].regime.name == "As amended"


def test_former_text_is_found_by_its_digest():
    lab = make.lab("aurora")
    former = _store(lab, framework(hours=24), is_current=False)
    current = _store(lab, framework(hours=48))

    found = regime_of(lab.pk, "aurora-framework", former)

    assert found.regime.stages[0].terms[0].length == 24
    assert regimes_of(lab.pk)["aurora-framework"].digest == current


def test_text_of_another_organisation_is_not_found():
    aurora, meridian = make.lab("aurora"), make.lab("meridian")
    digest = _store(aurora, framework("aurora"))

    with pytest.raises(KeyError):
        regime_of(meridian.pk, "aurora-framework", digest)


def test_texts_of_many_leave_out_what_nobody_knows():
    lab = make.lab("aurora")
    digest = _store(lab, framework())
    own, ours = (
        (lab.pk, "aurora-framework", digest),
        (lab.pk, "us-ca-sb53", shipped()["us-ca-sb53"].digest),
    )

    found = texts_of_many([own, ours, (lab.pk, "us-ca-sb53", "0" * 64)])

    assert {key: one.regime.id for key, one in found.items()} == {
        own: "aurora-framework",
        ours: "us-ca-sb53",
    }


def test_own_text_that_cannot_be_read_any_more_leaves_the_others():
    lab = make.lab("aurora")
    _store(lab, 'id = "aurora-old"\nnobody_knows_this_key = 1\n')
    _store(lab, framework())

    found = regimes_of(lab.pk)

    assert set(found) - set(shipped()) == {"aurora-framework"}


@pytest.mark.parametrize("count", [1, 3])
def test_regimes_of_many_take_one_statement(count: int):
    labs = [make.lab(f"lab{number}") for number in range(count)]
    for one in labs:
        _store(one, framework(one.slug))

    with CaptureQueriesContext(
        connection,
    ) as queries:
        found = regimes_of_many([one.pk for one in labs])

    assert len(queries) == 1
    assert [set(found[one.pk]) - set(shipped()) for one in labs] == [
        {f"{one.slug}-framework"} for one in labs
    ]
