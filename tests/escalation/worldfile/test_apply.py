from pathlib import Path

import pytest
from django.conf import settings as project
from django.core.management import CommandError, call_command

from escalation.models import ContactMethod, Policy, PolicyVersion, Route
from escalation.policies.matchers import IncidentFacts, parse_matchers
from escalation.routing.rules import RouteRule, first_match
from escalation.worldfile.apply import apply_world
from escalation.worldfile.problems import WorldFileInvalid
from incidents.errors import NotPossible
from incidents.events.feed import read_fields
from incidents.ledger.keyring import open_secret
from incidents.models import Entry, Membership, Organisation, Source, Team, User
from tests.escalation.worldfile.conftest import NOW, RECEIVER, SMALL

pytestmark = pytest.mark.django_db

DEMO = Path(project.DEMO_FILE).read_text(encoding="utf-8")


def _changes_recorded(slug):
    entries = Entry.objects.filter(
        kind="config.changed", stream__audience__organisation__slug=slug
    ).order_by("id")
    return [fields["changes"] for fields in read_fields(entries).values()]


def test_applying_makes_everything_the_file_says(apply):
    applied = apply(SMALL)
    assert applied.lines == (
        "+ organisation aurora (Aurora Labs, lab)",
        "+ organisation naisa (Agency, agency)",
        "+ person duty@aurora.example",
        "+ role responder in aurora for duty@aurora.example",
        "+ role admin in aurora for duty@aurora.example",
        "+ person second@aurora.example",
        "+ role staff in aurora for second@aurora.example",
        "+ team aurora/duty (Duty)",
        "+ member duty@aurora.example of team aurora/duty",
        "+ contact method aurora/mail of duty@aurora.example: "
        "email duty@aurora.example",
        "+ contact method aurora/pager of the desk: webhook https://pager.example/in",
        "+ policy aurora/serious (Serious)",
        '+ route aurora "Serious"',
        '+ route aurora "Rest"',
        "+ source aurora/prom (generic)",
    )
    routes = Route.objects.order_by("position").values_list(
        "name", "is_default", "policy__slug", "share_with__slug"
    )
    assert list(routes) == [
        ("Serious", False, "serious", "naisa"),
        ("Rest", True, None, None),
    ]
    assert Source.objects.get().mapping == {"title": "event.name"}
    assert [member.email for member in Team.objects.get().members.all()] == [
        "duty@aurora.example"
    ]


def test_applying_twice_changes_nothing(apply):
    apply(SMALL)
    entries = Entry.objects.count()
    applied = apply(SMALL)
    assert (applied.lines, applied.secrets, applied.notes) == ((), (), ())
    assert Entry.objects.count() == entries


def test_a_dry_run_shows_the_same_lines_and_makes_nothing(apply):
    dry = apply(SMALL, is_dry_run=True)
    assert (Organisation.objects.count(), Entry.objects.count()) == (0, 0)
    assert dry.secrets == ()
    assert dry.lines == apply(SMALL).lines


def test_made_secrets_are_shown_once_and_open_what_they_say(apply):
    applied = apply(SMALL)
    pager = ContactMethod.objects.get(slug="pager")
    secret = open_secret(pager.secret_sealed, context="contact-method").decode()
    assert applied.secrets[0] == (
        f"signing secret of contact method aurora/pager of the desk: {secret}"
    )
    assert secret.startswith("whsec_")
    assert applied.secrets[1].startswith(
        f"address of source aurora/prom: {project.BASE_URL}/hooks/generic/"
    )
    assert len(applied.secrets) == 2


def test_people_get_no_password_and_a_word_on_how_to_set_one(apply):
    applied = apply(SMALL)
    assert not User.objects.get(email="duty@aurora.example").has_usable_password()
    assert applied.notes[0] == (
        "duty@aurora.example has no password yet: "
        "manage.py changepassword duty@aurora.example"
    )


def test_a_changed_policy_is_a_new_version_and_the_old_one_stays(apply):
    apply(SMALL)
    applied = apply(SMALL.replace("minutes = 5", "minutes = 9"))
    assert applied.lines == ("~ policy aurora/serious: version 2",)
    bodies = PolicyVersion.objects.order_by("number").values_list("body", flat=True)
    assert [body["steps"][1]["minutes"] for body in bodies] == [5, 9]


@pytest.mark.parametrize(
    ("before", "after", "lines"),
    [
        (
            'name = "Aurora Labs"',
            'name = "Aurora"',
            ('~ organisation aurora: name "Aurora Labs" → "Aurora"',),
        ),
        (
            '["responder", "admin"]',
            '["admin"]',
            ("- role responder in aurora for duty@aurora.example",),
        ),
        (
            'members = ["duty@aurora.example"]',
            'members = ["second@aurora.example"]',
            (
                "+ member second@aurora.example of team aurora/duty",
                "- member duty@aurora.example of team aurora/duty",
            ),
        ),
        (
            'address = "duty@aurora.example"\nverified = true',
            'address = "night@aurora.example"',
            (
                "~ contact method aurora/mail of duty@aurora.example: "
                'address "duty@aurora.example" → "night@aurora.example"',
            ),
        ),
        (
            'share_with = ["naisa"]',
            "",
            ('~ route aurora "Serious": share_with naisa → none',),
        ),
        (
            'name = "Serious"\nmatch',
            'name = "Bad"\nmatch',
            ('- route aurora "Serious"', '+ route aurora "Bad"'),
        ),
        (
            'name = "Prometheus"',
            'name = "Prom"\nenabled = false',
            (
                '~ source aurora/prom: name "Prometheus" → "Prom", '
                "is_enabled True → False",
            ),
        ),
    ],
)
def test_a_change_of_the_file_is_one_line_and_then_none(apply, before, after, lines):
    apply(SMALL)
    changed = SMALL.replace(before, after)
    assert changed != SMALL
    assert apply(changed).lines == lines
    assert apply(changed).lines == ()


def test_an_address_that_changes_must_be_verified_anew(apply):
    apply(SMALL)
    apply(
        SMALL.replace(
            'address = "duty@aurora.example"\nverified = true',
            'address = "n@a.example"',
        )
    )
    assert ContactMethod.objects.get(slug="mail").verified_at is None


def test_swapping_two_routes_keeps_both(apply):
    apply(SMALL)
    first = SMALL.index("[[routes]]")
    second = SMALL.index("[[routes]]", first + 1)
    third = SMALL.index("[[sources]]")
    extra = '[[routes]]\norganisation = "aurora"\nname = "New"\nmatch = []\n\n'
    text = SMALL[:first] + extra + SMALL[first:third] + SMALL[third:]
    apply(text)
    swapped = SMALL[:second] + extra + SMALL[second:]
    apply(swapped)
    names = Route.objects.order_by("position").values_list("name", flat=True)
    assert list(names) == ["Serious", "New", "Rest"]


def test_the_administrator_may_change_hands_but_not_vanish(apply):
    apply(SMALL)
    gone = SMALL.replace('["responder", "admin"]', '["responder"]')
    with pytest.raises(NotPossible, match="only administrator"):
        apply(gone)
    assert Membership.objects.filter(role="admin", ended_at=None).count() == 1
    applied = apply(gone.replace('aurora = ["staff"]', 'aurora = ["staff", "admin"]'))
    assert applied.lines == (
        "+ role admin in aurora for second@aurora.example",
        "- role admin in aurora for duty@aurora.example",
    )


def test_each_organisation_has_its_changes_recorded(apply):
    applied = apply(SMALL)
    [lines] = [c for c in _changes_recorded("aurora") if len(c) > 5]
    assert lines == [line for line in applied.lines if "naisa" not in line]
    assert _changes_recorded("naisa") == [["+ organisation naisa (Agency, agency)"]]


@pytest.mark.parametrize(
    ("before", "after", "field", "said"),
    [
        ('roles = { aurora = ["staff"] }', 'roles = { auror = ["staff"] }',
         "people[1].roles.auror", "there is no organisation 'auror'"),
        ('aurora = ["staff"]', 'aurora = ["officer"]',
         "people[1].roles.aurora[0]", "'officer' is no role in a lab"),
        ('members = ["duty@', 'members = ["dutty@',
         "teams[0].members[0]", "there is no person 'dutty@aurora.example'"),
        ('[{ team = "duty" }', '[{ team = "dutty" }',
         "policies[0].steps[0].targets[0].team", "aurora has no team 'dutty'"),
        ('{ webhook = "pager" }', '{ webhook = "bell" }',
         "policies[0].steps[0].targets[1].webhook", "aurora has no webhook 'bell'"),
        ('policy = "serious"', 'policy = "other"',
         "routes[0].policy", "aurora has no policy 'other'"),
        ('share_with = ["naisa"]', 'share_with = ["aurora"]',
         "routes[0].share_with[0]", "there is no agency 'aurora'"),
        ("default = true", "default = false",
         "routes[1]", "aurora has 0 default routes here"),
        ('email = "second@', 'email = "duty@',
         "people[1]", "person duty@aurora.example is here twice"),
    ],
)  # fmt: skip
def test_a_name_that_leads_nowhere_is_told_and_nothing_is_made(
    apply, before, after, field, said
):
    with pytest.raises(WorldFileInvalid) as refusal:
        apply(SMALL.replace(before, after))
    [problem] = [one for one in refusal.value.problems if one.field == field]
    assert problem.message.startswith(said)
    assert Organisation.objects.count() == 0


def test_names_may_lead_to_what_is_in_the_database_already(apply):
    apply(SMALL)
    start, end = SMALL.index("[[policies]]"), SMALL.index("[[sources]]")
    assert apply(SMALL[start:end]).lines == ()


def test_the_kind_of_an_organisation_stays(apply):
    apply(SMALL)
    text = '[[organisations]]\nslug = "naisa"\nname = "Agency"\nkind = "lab"\n'
    with pytest.raises(WorldFileInvalid, match="naisa is a agency and stays one"):
        apply(text)


def test_the_tool_of_a_source_stays(apply):
    apply(SMALL)
    with pytest.raises(WorldFileInvalid, match="it is generic already"):
        apply(
            SMALL.replace('tool = "generic"', 'tool = "grafana"').replace(
                'mapping = { title = "event.name" }', ""
            )
        )


def test_the_demo_does_not_load_outside_the_demo(apply):
    with pytest.raises(WorldFileInvalid) as refusal:
        apply(DEMO)
    fields = {problem.field for problem in refusal.value.problems}
    assert {"demo", "people[0].password", "sources[0].key"} < fields
    assert User.objects.count() == 0


def test_the_demo_loads_and_loads_again_without_a_change(is_demo):
    first = apply_world(DEMO, now=NOW)
    assert first.lines[0] == "+ organisation aurora (Aurora Labs, lab)"
    assert apply_world(DEMO, now=NOW).lines == ()


@pytest.mark.parametrize(
    ("severity", "policy", "agencies"),
    [(2, "desk", []), (3, "serious", ["naisa"]), (5, "serious", ["naisa"])],
)
def test_the_demo_shares_and_pages_from_severity_three(
    is_demo, severity, policy, agencies
):
    apply_world(DEMO, now=NOW)
    routes = list(Route.objects.filter(organisation__slug="aurora"))
    rules = [
        RouteRule(route.position, parse_matchers(route.matchers), route)
        for route in routes
        if not route.is_default
    ]
    match = first_match(
        rules, IncidentFacts("aurora", "WGT", severity, "", "AMBER", {})
    )
    [default] = [route for route in routes if route.is_default]
    taken = match.route.target if match.route else default
    assert taken.policy.slug == policy
    assert [agency.slug for agency in taken.share_with.all()] == agencies


def test_every_account_of_the_demo_signs_in_with_its_role(is_demo):
    apply_world(DEMO, now=NOW)
    roles = Membership.objects.order_by("user__email", "role").values_list(
        "user__email", "organisation__slug", "role"
    )
    assert list(roles) == [
        ("admin@aurora.example", "aurora", "admin"),
        ("admin@meridian.example", "meridian", "admin"),
        ("approver@aurora.example", "aurora", "approver"),
        ("duty@aurora.example", "aurora", "responder"),
        ("officer@naisa.example", "naisa", "officer"),
        ("operator@tocsin.example", "tocsin", "admin"),
        ("operator@tocsin.example", "tocsin", "operator"),
        ("staff@aurora.example", "aurora", "staff"),
        ("staff@meridian.example", "meridian", "staff"),
        ("supervisor@naisa.example", "naisa", "admin"),
        ("supervisor@naisa.example", "naisa", "supervisor"),
    ]
    assert all(user.check_password("tocsin-demo") for user in User.objects.all())


def test_the_demos_receiver_is_given_the_signing_secrets(is_demo, settings):
    apply_world(DEMO, now=NOW)
    methods = ContactMethod.objects.filter(channel="webhook").order_by("pk")
    assert [method.address for method in methods] == [
        f"{RECEIVER}/aurora",
        f"{RECEIVER}/naisa",
    ]
    written = settings.DATA_DIR / "demo" / "webhook-secrets"
    assert written.read_text().splitlines() == [
        open_secret(method.secret_sealed, context="contact-method").decode()
        for method in methods
    ]
    assert written.stat().st_mode & 0o777 == 0o600


def test_a_password_that_somebody_changed_is_left_alone(is_demo):
    apply_world(DEMO, now=NOW)
    user = User.objects.get(email="staff@aurora.example")
    user.set_password("changed since")
    user.save()
    assert apply_world(DEMO, now=NOW).lines == ()
    user.refresh_from_db()
    assert user.check_password("changed since")


def test_a_given_key_is_the_address_of_the_source(is_demo):
    applied = apply_world(DEMO, now=NOW)
    address = f"{project.BASE_URL}/hooks/grafana/demo-aurora-grafana"
    assert f"address of source aurora/grafana: {address}" in applied.secrets


def test_the_command_prints_the_changes_and_then_that_there_are_none(
    apply, tmp_path, capsys
):
    file = tmp_path / "world.toml"
    file.write_text(SMALL, encoding="utf-8")
    call_command("apply", str(file), "--dry-run")
    assert capsys.readouterr().out.endswith("Dry run: 15 changes, none made.\n")
    call_command("apply", str(file))
    assert capsys.readouterr().out.endswith("15 changes made.\n")
    call_command("apply", str(file))
    assert capsys.readouterr().out == "Nothing to change.\n"
    assert Policy.objects.count() == 1


def test_the_command_tells_every_problem_and_makes_nothing(apply, tmp_path):
    file = tmp_path / "world.toml"
    text = SMALL.replace('kind = "lab"', 'kind = "firm"').replace(
        '"serious"\nshare', '"other"\nshare'
    )
    file.write_text(text, encoding="utf-8")
    with pytest.raises(CommandError) as refusal:
        call_command("apply", str(file))
    head, *problems = str(refusal.value).splitlines()
    assert head == f"{file} was not applied, nothing changed:"
    line = text[: text.index('policy = "other"')].count("\n") + 1
    assert problems[0].startswith(
        "line 4, organisations[0].kind: 'firm' cannot be used."
    )
    assert problems[-1] == (
        f"line {line}, routes[0].policy: aurora has no policy 'other'. Add it."
    )


def test_a_file_that_is_not_there_is_told(apply, tmp_path):
    with pytest.raises(CommandError, match="cannot be read"):
        call_command("apply", str(tmp_path / "none.toml"))
