from escalation.policies.diff import Change, Line, diff_lines, diff_plans
from escalation.policies.steps import parse_policy
from tests import factories as make


def plan(*steps, **more):
    return parse_policy({"steps": list(steps), **more})


def told(changes):
    return [
        (c.kind, c.before and c.before.text, c.after and c.after.text) for c in changes
    ]


def test_changed_wait_is_one_change_and_the_rest_is_kept():
    page = make.notify({"team": "duty"})
    changes = diff_plans(plan(page, make.wait(15)), plan(page, make.wait(5)))
    assert told(changes) == [
        (
            "kept",
            "Notify the duty team",
            "Notify the duty team",
        ),
        ("changed", "Wait 15 minutes", "Wait 5 minutes"),
    ]


def test_step_put_between_is_added_and_the_others_only_move_along():
    first, last = make.notify({"team": "duty"}), make.notify({"team": "boss"})
    changes = diff_plans(plan(first, last), plan(first, make.wait(5), last))
    assert [c.kind for c in changes] == ["kept", "added", "kept"]
    assert changes[2] == Change(
        "kept",
        Line("2", "Notify the boss team"),
        Line("3", "Notify the boss team"),
    )


def test_what_happens_at_the_end_is_compared_too():
    step = make.wait(5)
    changes = diff_plans(
        plan(step, ack_timeout_minutes=30), plan(step, fallback={"team": "boss"})
    )
    assert told(changes)[1:] == [
        (
            "changed",
            "If it is acknowledged but not resolved after 30 minutes, go on paging",
            "If nobody acknowledged, tell the boss team",
        )
    ]


def test_removed_sentences_have_nothing_after():
    changes = diff_lines([Line("1", "a"), Line("2", "b")], [Line("1", "b")])
    assert [(c.kind, c.after) for c in changes] == [
        ("removed", None),
        ("kept", Line("1", "b")),
    ]
