from datetime import timedelta

import pytest

from escalation.models import Override, SwapRequest
from escalation.oncall.editing import drafts_of, save_schedule
from escalation.oncall.loading import plans_of
from escalation.oncall.shifts import who
from escalation.oncall.swaps import (
    SwapDraft,
    accept_swap,
    decline_swap,
    request_swap,
    withdraw_swap,
)
from incidents.errors import BadInput, NotAllowed, NotPossible
from incidents.models import Entry
from tests.factories import NOW

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
NEXT_WEEK = NOW + 2 * DAY


def ask(crew, user=None, **more):
    draft = SwapDraft(**{"start_at": NOW, "end_at": NOW + HOUR, **more})
    return request_swap(crew.schedule, draft, **crew.by(user or crew.ann))


def on_call(crew, at):
    return who(plans_of([crew.schedule])[crew.schedule.pk], at)


def test_an_accepted_request_relieves_who_asked(crew):
    swap = accept_swap(ask(crew), **crew.by(crew.cat))
    assert (swap.state, swap.answered_by) == ("accepted", crew.cat)
    assert on_call(crew, NOW) == (crew.cat.pk,)
    assert on_call(crew, NOW + HOUR) == (crew.ann.pk,)
    assert Entry.objects.filter(kind="config.changed").count() == 2


def test_a_swap_gives_a_shift_in_return(crew):
    swap = ask(
        crew,
        asked_of=crew.bob,
        return_start_at=NEXT_WEEK,
        return_end_at=NEXT_WEEK + DAY,
    )
    assert on_call(crew, NEXT_WEEK) == (crew.bob.pk,)
    accept_swap(swap, **crew.by(crew.bob))
    assert on_call(crew, NOW) == (crew.bob.pk,)
    assert on_call(crew, NEXT_WEEK) == (crew.ann.pk,)


def test_a_swap_stays_when_the_rotations_are_changed(crew):
    accept_swap(ask(crew), **crew.by(crew.cat))
    draft = drafts_of([crew.schedule])[crew.schedule.pk]
    [rotation] = draft.rotations
    changed = type(rotation)(
        **{n: getattr(rotation, n) for n in rotation.__slots__} | {"name": "other"}
    )
    saved = type(draft)(draft.name, draft.zone, draft.fallback, (changed,))
    save_schedule(crew.lab, saved, slug="duty", actor=crew.actor(crew.admin), now=NOW)
    assert on_call(crew, NOW) == (crew.cat.pk,)


def test_only_who_is_on_call_then_can_ask(crew):
    with pytest.raises(BadInput) as caught:
        ask(crew, user=crew.bob)
    assert caught.value.field == "start_at"
    assert "bob@aurora.example is not on call then" in caught.value.remedy


def test_the_shift_in_return_must_be_the_other_ones(crew):
    with pytest.raises(BadInput) as caught:
        ask(
            crew,
            asked_of=crew.cat,
            return_start_at=NEXT_WEEK,
            return_end_at=NEXT_WEEK + DAY,
        )
    assert caught.value.field == "return_start_at"


def test_a_shift_in_return_needs_somebody_by_name(crew):
    with pytest.raises(BadInput) as caught:
        ask(crew, return_start_at=NEXT_WEEK, return_end_at=NEXT_WEEK + DAY)
    assert caught.value.field == "asked_of"


def test_the_same_time_is_asked_for_once(crew):
    ask(crew)
    with pytest.raises(BadInput):
        ask(crew, start_at=NOW + HOUR / 2, end_at=NOW + 2 * HOUR)
    assert SwapRequest.objects.count() == 1


def test_only_who_is_named_can_accept_or_decline(crew):
    swap = ask(crew, asked_of=crew.bob)
    for answer in (accept_swap, decline_swap):
        with pytest.raises(NotAllowed):
            answer(swap, **crew.by(crew.cat))
    assert decline_swap(swap, **crew.by(crew.bob)).state == "declined"
    assert Override.objects.count() == 0


def test_who_asked_cannot_accept_but_can_withdraw(crew):
    swap = ask(crew)
    with pytest.raises(NotAllowed):
        accept_swap(swap, **crew.by(crew.ann))
    with pytest.raises(NotAllowed):
        withdraw_swap(swap, **crew.by(crew.cat))
    assert withdraw_swap(swap, **crew.by(crew.ann)).state == "withdrawn"


def test_an_answered_request_is_answered_once(crew):
    swap = ask(crew)
    accept_swap(swap, **crew.by(crew.cat))
    with pytest.raises(NotPossible) as caught:
        accept_swap(swap, **crew.by(crew.bob))
    assert caught.value.state == {"state": "accepted"}
    assert Override.objects.count() == 1


def test_a_request_whose_time_is_over_cannot_be_accepted(crew):
    swap = ask(crew)
    with pytest.raises(NotPossible):
        accept_swap(swap, **crew.by(crew.cat, now=NOW + HOUR))
