import pytest

from incidents.events.actor import Actor
from incidents.events.feed import timeline
from incidents.events.record import NotRecordable, record, recording
from incidents.incident.lifecycle import change_severity, comment
from incidents.incident.shares import share, unshare
from incidents.models import AudienceStream, Entry, Pending
from tests import factories as make
from tests.factories import NOW

pytestmark = pytest.mark.django_db


@pytest.fixture
def lab():
    return make.lab("aurora")


@pytest.fixture
def naisa():
    return make.agency("naisa")


def share_with(incident, agency, now=NOW):
    actor = Actor.system(incident.organisation)
    share(
        incident, agency=agency, reason="policy secret", user=None, actor=actor, now=now
    )


def kinds(incident, *organisations):
    ids = [organisation.pk for organisation in organisations]
    return [item.kind for item in timeline(incident, ids)]


def test_unknown_kind_is_refused(lab):
    with pytest.raises(NotRecordable, match="is not an event kind"), recording(NOW):
        record("no.such", organisation_id=lab.pk, actor=Actor.system(lab), body={})


def test_undeclared_field_is_refused(lab):
    with pytest.raises(NotRecordable, match=r"\['colour'\]"), recording(NOW):
        record(
            "config.changed",
            organisation_id=lab.pk,
            actor=Actor.system(lab),
            body={"colour": "red"},
        )


def test_error_leaves_neither_change_nor_entry(lab):
    def record_and_fail() -> None:
        with recording(NOW):
            record(
                "config.changed",
                organisation_id=lab.pk,
                actor=Actor.system(lab),
                body={"what": "x"},
            )
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        record_and_fail()
    assert (Entry.objects.count(), AudienceStream.objects.count()) == (0, 0)


def test_each_entry_waits_for_the_sealer_and_the_opening_for_the_router(lab):
    make.incident(lab)
    assert list(Pending.objects.order_by("id").values_list("consumer", "kind")) == [
        ("sealer", "incident.opened"),
        ("router", "incident.opened"),
        ("duties", "incident.opened"),
    ]


def test_what_was_before_a_share_stays_with_the_owner(lab, naisa):
    incident = make.incident(lab)
    share_with(incident, naisa)
    assert kinds(incident, lab) == ["incident.opened", "incident.shared"]
    assert kinds(incident, naisa) == ["incident.shared"]


def test_agency_reads_the_snapshot_and_neither_the_reason_nor_a_name(lab, naisa):
    user = make.person(lab, "ada@aurora.example")
    incident = make.incident(lab, title="Weights copied")
    actor = Actor.of(user, lab, role="responder")
    share(incident, agency=naisa, reason="secret path", user=user, actor=actor, now=NOW)
    (item,) = timeline(incident, [naisa.pk])
    assert (item.data["title"], "reason" in item.data) == ("Weights copied", False)
    assert item.actor == {"kind": "user", "organisation": "Aurora", "role": "responder"}
    assert "secret path" not in repr(item)


def test_shared_kind_goes_to_both_sides_once_each(lab, naisa):
    incident = make.incident(lab)
    share_with(incident, naisa)
    actor = Actor.system(lab)
    change_severity(
        incident, severity=5, reason="worse", user=None, actor=actor, now=NOW
    )
    assert kinds(incident, lab)[-1] == "incident.severity_changed"
    assert kinds(incident, naisa)[-1] == "incident.severity_changed"
    assert kinds(incident, lab, naisa).count("incident.severity_changed") == 1


def test_internal_comment_stays_on_its_side(lab, naisa):
    incident = make.incident(lab)
    share_with(incident, naisa)
    officer = make.person(naisa, role="officer")
    for text, is_shared in (("for us", False), ("for both", True)):
        comment(
            incident,
            text=text,
            is_shared=is_shared,
            organisation=naisa,
            user=officer,
            actor=Actor.of(officer, naisa),
            now=NOW,
        )
    texts = [i.data.get("text") for i in timeline(incident, [lab.pk])]
    assert (texts.count("for us"), texts.count("for both")) == (0, 1)
    assert kinds(incident, naisa).count("incident.commented") == 2


def test_one_agency_never_reads_anothers_pair_stream(lab, naisa):
    other = make.agency("other")
    incident = make.incident(lab)
    share_with(incident, naisa)
    share_with(incident, other)
    officer = make.person(naisa, role="officer")
    comment(
        incident,
        text="between naisa and the lab",
        is_shared=True,
        organisation=naisa,
        user=officer,
        actor=Actor.of(officer, naisa),
        now=NOW,
    )
    assert kinds(incident, other) == ["incident.shared"]


def test_unsharing_is_the_last_entry_and_ends_reading(lab, naisa):
    incident = make.incident(lab)
    share_with(incident, naisa)
    actor = Actor.system(lab)
    unshare(incident, agency=naisa, reason="mistake", user=None, actor=actor, now=NOW)
    pair = AudienceStream.objects.get(purpose="pair")
    assert pair.stream.entries.latest("id").kind == "incident.unshared"
    assert kinds(incident, naisa) == []
    change_severity(
        incident, severity=5, reason="worse", user=None, actor=actor, now=NOW
    )
    assert pair.stream.entries.latest("id").kind == "incident.unshared"
