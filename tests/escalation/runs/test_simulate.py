import threading
from datetime import datetime, timedelta

import pytest

from escalation.loop import fire_due
from escalation.models import Notification, StepTaken
from escalation.notifications.delivery import deliver_batch
from escalation.policies.steps import parse_policy
from escalation.routing.dispatch import dispatch
from escalation.runs.simulate import simulate
from escalation.runs.simulation.answers import read_answers
from escalation.runs.simulation.course import Course
from escalation.runs.simulation.world import SimulatedWorld, Subject
from incidents.events.actor import Actor
from incidents.incident.lifecycle import acknowledge
from incidents.models import Incident, Organisation, Timer, User
from tests import factories as make
from tests.escalation.notifications.makers import SECRET
from tests.escalation.notifications.servers import HttpServer
from tests.factories import NOW

pytestmark = pytest.mark.django_db

MINUTE = timedelta(minutes=1)


@pytest.fixture
def receiver(settings):
    settings.ALLOW_PRIVATE_WEBHOOKS = True
    with HttpServer() as server:
        threading.Thread(target=server.serve_forever, args=(0.01,)).start()
        yield server
        server.shutdown()


@pytest.fixture
def lab(receiver) -> Organisation:
    """A lab whose people are reached at the receiver; mail is refused."""
    from incidents.ledger.keyring import seal_secret  # noqa: PLC0415  (database)

    lab = make.lab("aurora")
    for name in ("duty", "second", "boss"):
        person = make.person(lab, f"{name}@aurora.example")
        make.contact(
            lab,
            person,
            channel="webhook",
            address=f"http://127.0.0.1:{receiver.server_port}/{name}",
            secret_sealed=seal_secret(SECRET.encode(), context="contact-method"),
        )
    make.team(lab, User.objects.get(email="duty@aurora.example"))
    pair = User.objects.filter(
        email__in=["duty@aurora.example", "second@aurora.example"]
    )
    make.team(lab, *pair, slug="pair")
    make.contact(lab, address="desk@aurora.example")
    make.agency("naisa")
    return lab


def one(email: str) -> dict[str, str]:
    return {"user": f"{email}@aurora.example"}


LADDER = (
    make.notify({"team": "duty"}),
    make.wait(5),
    {
        "kind": "if",
        "when": [{"field": "severity", "op": ">=", "value": 4}],
        "then": [make.notify(one("boss"))],
        "else": [make.notify({"desk": "aurora"})],
    },
    make.wait(10),
    {"kind": "repeat", "from": 1, "rounds": 2},
)


def simulated(lab, *, severity=3, answers="nobody", policy="path", down=()):
    world = SimulatedWorld.load(
        lab, Subject(title="Weights copied", severity=severity), opened_at=NOW
    )
    course = Course(policy, severity)
    return simulate(world, course, start=NOW, answers=read_answers(answers), down=down)


def play(until: datetime, deeds=()) -> None:
    """Let production run in virtual time; `deeds` are (instant, function)."""
    left, now = sorted(deeds, key=lambda deed: deed[0]), NOW
    while now <= until:
        while left and left[0][0] <= now:
            left.pop(0)[1](now)
        for _ in range(20):
            if not (dispatch(now) or fire_due(now) or deliver_batch(now)):
                break
        instants = [
            *Timer.objects.values_list("due_at", flat=True),
            *Notification.objects.filter(status="queued").values_list(
                "next_attempt_at", flat=True
            ),
            *(at for at, _ in left),
        ]
        ahead = [at for at in instants if at > now]
        if not ahead:
            return
        now = min(ahead)


def real_steps(lab) -> list[tuple]:
    rows = StepTaken.objects.filter(organisation=lab).order_by("id")
    return [
        (
            row.ran_at,
            parse_policy(row.run.version.body).label_at(row.step_index),
            row.round,
            row.outcome,
            tuple(row.recipients),
        )
        for row in rows.select_related("run__version")
    ]


def simulated_steps(events) -> list[tuple]:
    return [
        (e.at, e.label, e.round, e.kind, e.recipients)
        for e in events
        if e.kind in ("taken", "skipped")
    ]


def real_messages() -> list[tuple]:
    ref = Incident.objects.get().ref
    rows = Notification.objects.filter(status="sent")
    return sorted(
        (
            row.sent_at.replace(microsecond=0),
            row.address,
            row.purpose,
            row.message["text"].replace(ref, "INC-SIMULATED"),
        )
        for row in rows
        if row.sent_at
    )


def simulated_messages(events) -> list[tuple]:
    return sorted(
        (e.at, e.page.address, e.page.purpose, e.page.text)
        for e in events
        if e.kind == "sent"
    )


def acknowledging(lab, email):
    user = User.objects.get(email=f"{email}@aurora.example")

    def act(now):
        incident = Incident.objects.get()
        actor = Actor.of(user, lab)
        acknowledge(
            incident, organisation=lab, user=user, via="page", actor=actor, now=now
        )

    return act


@pytest.mark.parametrize("severity", [3, 4])
def test_simulation_of_nobody_answering_is_what_a_real_run_does(lab, severity):
    path = make.policy(lab, *LADDER, slug="path", fallback=one("boss"))
    make.route(lab, path, is_default=True)
    make.incident(lab, severity=severity)
    play(NOW + 3 * 60 * MINUTE)
    events = simulated(lab, severity=severity)
    assert simulated_steps(events) == real_steps(lab)
    assert len(real_steps(lab)) > 8
    assert simulated_messages(events) == real_messages()


def test_simulation_of_an_acknowledgement_that_times_out_is_what_a_real_run_does(lab):
    path = make.policy(
        lab, *LADDER, slug="path", fallback=one("boss"), ack_timeout_minutes=30
    )
    make.route(lab, path, is_default=True)
    make.incident(lab, severity=4)
    play(NOW + 3 * 60 * MINUTE, [(NOW + 2 * MINUTE, acknowledging(lab, "duty"))])
    events = simulated(lab, severity=4, answers="ack at step 1 after 2m")
    assert simulated_steps(events) == real_steps(lab)
    assert simulated_messages(events) == real_messages()
    assert [e.at for e in events if e.kind == "resumed"] == [NOW + 32 * MINUTE]


def test_simulation_of_a_channel_that_is_down_goes_on_as_a_real_run_does(lab, settings):
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 1
    desk_first = (make.notify({"desk": "aurora"}), make.wait(30), *LADDER[:2])
    path = make.policy(lab, *desk_first, slug="path", fallback=one("boss"))
    make.route(lab, path, is_default=True)
    make.incident(lab, severity=4)
    play(NOW + 3 * 60 * MINUTE)
    events = simulated(lab, severity=4, down=["email"])
    assert simulated_steps(events) == real_steps(lab)
    assert simulated_messages(events) == real_messages()
    assert [e.at for e in events if e.kind == "unreached"] == [NOW + MINUTE]


def test_simulation_of_jumps_turns_and_changes_is_what_a_real_run_does(lab):
    make.policy(lab, make.notify({"round_robin": "pair"}), make.wait(5), slug="second")
    steps = (
        make.notify({"round_robin": "pair"}),
        {"kind": "share", "agency": "naisa"},
        {"kind": "share", "agency": "naisa"},
        make.wait(2),
        {"kind": "raise_severity", "to": 5},
        make.notify({"role": "supervisor"}),
        make.notify({"round_robin": "pair"}),
        make.wait(3),
        {"kind": "jump", "policy": "second"},
    )
    path = make.policy(lab, *steps, slug="path", fallback=one("boss"))
    make.route(lab, path, is_default=True)
    make.incident(lab, severity=3)
    play(NOW + 60 * MINUTE)
    # A real run has moved the turns on: the simulation begins after them.
    from escalation.runs.models import Turn  # noqa: PLC0415  (database)

    Turn.objects.update(last_user=None)
    events = simulated(lab, severity=3)
    assert simulated_steps(events) == real_steps(lab)
    assert simulated_messages(events) == real_messages()


def test_simulation_ends_when_somebody_resolves(lab):
    make.policy(lab, *LADDER, slug="path")
    events = simulated(lab, answers="resolve after 1m")
    assert (events[-1].kind, events[-1].at) == ("stopped", NOW + MINUTE)


def test_passing_on_takes_the_next_step_at_once(lab):
    make.policy(lab, *LADDER, slug="path")
    events = simulated(lab, severity=4, answers="pass at step 1 after 30s")
    at = NOW + timedelta(seconds=30)
    assert [e.label for e in events if e.at == at and e.kind == "taken"] == [
        "3",
        "3.1",
        "4",
    ]


def test_simulation_writes_nothing(lab):
    make.policy(lab, *LADDER, slug="path")
    simulated(lab)
    assert not Incident.objects.exists()
    assert not Notification.objects.exists()
    assert not Timer.objects.exists()


def test_simulation_of_quiet_hours_and_delays_is_what_a_real_run_does(lab):
    boss = User.objects.get(email="boss@aurora.example")
    method = boss.contact_methods.get()
    make.rules(
        lab,
        boss,
        normal=[{"method": method.slug, "after_minutes": 7}],
        zone="UTC",
        quiet={"from": "23:00", "to": "03:20"},
    )
    steps = (make.notify(one("boss")), make.wait(4), make.notify({"team": "duty"}))
    path = make.policy(lab, *steps, make.wait(90), slug="path")
    make.route(lab, path, is_default=True)
    make.incident(lab, severity=2)
    play(NOW + 3 * 60 * MINUTE)
    events = simulated(lab, severity=2)
    assert simulated_steps(events) == real_steps(lab)
    assert simulated_messages(events) == real_messages()
    assert [e.at for e in events if e.kind == "sent"][1] == NOW + 27 * MINUTE


def test_simulation_of_a_breached_clock_is_what_a_real_run_does(lab):
    clock = {
        "what": "acknowledge_by",
        "minutes": 8,
        "warn": [{"percent": 50}, {"minutes_before": 1}],
        "on_breach": [{"go_to": "4"}],
    }
    steps = (
        make.notify({"team": "duty"}),
        make.wait(30),
        make.notify(one("second")),
        make.notify(one("boss")),
        make.wait(20),
    )
    path = make.policy(lab, *steps, slug="path", clocks=[clock])
    make.route(lab, path, is_default=True)
    make.incident(lab, severity=4)
    play(NOW + 2 * 60 * MINUTE)
    events = simulated(lab, severity=4)
    assert [e.at for e in events if e.kind.startswith("clock_")] == [
        NOW + 4 * MINUTE,
        NOW + 7 * MINUTE,
        NOW + 8 * MINUTE,
    ]
    assert [e for e in simulated_steps(events) if e[1] == "4"] == [
        (NOW + 8 * MINUTE, "4", 1, "taken", ("boss@aurora.example",))
    ]
    real = [
        (at.replace(microsecond=0), *rest) for at, *rest in map(tuple, real_steps(lab))
    ]
    assert simulated_steps(events) == real


def breached(minutes, step):
    """Return a clock that sends the path on to a step when it is breached."""
    on_breach = [{"go_to": step}]
    return {"what": "resolve_by", "minutes": minutes, "on_breach": on_breach}


@pytest.mark.parametrize(
    ("minutes", "step"),
    [
        # Back to a step that was taken, and to one before it; the path is over at 45.
        *((20, "1"), (20, "3"), (90, "1")),
    ],
)
def test_simulation_of_a_clock_that_sends_a_path_back_is_what_a_real_run_does(
    lab, minutes, step
):
    steps = (
        make.notify({"team": "duty"}),
        make.wait(15),
        make.notify(one("second")),
        make.wait(30),
    )
    clock = breached(minutes, step)
    path = make.policy(lab, *steps, slug="path", clocks=[clock], fallback=one("boss"))
    make.route(lab, path, is_default=True)
    make.incident(lab, severity=4)
    play(NOW + 5 * 60 * MINUTE)
    events = simulated(lab, severity=4)
    real = [(at.replace(microsecond=0), *rest) for at, *rest in real_steps(lab)]
    assert simulated_steps(events) == real
    pages = [m for m in simulated_messages(events) if m[2] in ("page", "fallback")]
    assert pages == [m for m in real_messages() if m[2] in ("page", "fallback")]
    assert [e.round for e in events if e.kind == "went_to"] == [2]


def told_by(events):
    return [(e.at, e.label, e.recipients) for e in events if e.kind == "told"]


def test_clock_of_an_acknowledged_path_tells_the_steps_people(lab):
    steps = make.notify({"team": "duty"}), make.wait(15), make.notify(one("boss"))
    make.policy(lab, *steps, slug="path", clocks=[breached(20, "3")])
    events = simulated(lab, answers="ack at step 1 after 2m")
    at = NOW + 20 * MINUTE
    assert told_by(events) == [(at, "3", ("boss@aurora.example",))]
    assert [e.kind for e in events if e.kind == "went_to"] == []


def test_clock_of_a_policy_that_is_no_longer_at_work_tells_its_steps_people(lab):
    make.policy(lab, make.notify({"team": "duty"}), make.wait(60), slug="second")
    jump = {"kind": "jump", "policy": "second"}
    steps = make.notify({"team": "duty"}), make.wait(5), jump, make.notify(one("boss"))
    make.policy(lab, *steps, slug="path", clocks=[breached(20, "4")])
    events = simulated(lab)
    at = NOW + 20 * MINUTE
    assert told_by(events) == [(at, "4", ("boss@aurora.example",))]
    assert [e.kind for e in events if e.kind == "went_to"] == []


def test_jump_leaves_delayed_pages_their_time(lab):
    boss = User.objects.get(email="boss@aurora.example")
    method = boss.contact_methods.get()
    make.rules(lab, boss, normal=[{"method": method.slug, "after_minutes": 10}])
    make.policy(lab, make.notify({"team": "duty"}), make.wait(30), slug="second")
    jump = {"kind": "jump", "policy": "second"}
    path = make.policy(lab, make.notify(one("boss")), make.wait(2), jump, slug="path")
    make.route(lab, path, is_default=True)
    make.incident(lab, severity=3)
    play(NOW + 60 * MINUTE)
    row = Notification.objects.get(method=method, purpose="page")
    assert row.first_attempt_at.replace(microsecond=0) == NOW + 10 * MINUTE
    assert simulated_messages(simulated(lab, severity=3)) == real_messages()
