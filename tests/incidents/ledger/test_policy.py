import pytest

from incidents.ledger.policy import BadPolicy, parse_policy
from incidents.ledger.vkey import KeyType, signing_key

LOG = signing_key("log.example/1", KeyType.LOG, bytes([1]) * 32).public
AGENCY, LAB, BODY = (
    signing_key(f"{name}.example/w", KeyType.WITNESS, bytes([number]) * 32).public
    for number, name in enumerate(("agency", "lab", "body"), start=2)
)
WITNESSES = f"""\
witness agency {AGENCY.vkey()}
witness lab {LAB.vkey()} https://lab.example/witness
witness body {BODY.vkey()}
"""
POLICY = f"""\
# Of the agency, handed over at the first meeting.
\tlog {LOG.vkey()}   https://log.example/

{WITNESSES}
group others any lab body
group both all agency others
quorum both
"""


def test_policy_reads_logs_witnesses_and_their_addresses():
    policy = parse_policy(POLICY)
    assert (policy.origins, policy.keys_of("log.example/1")) == ((LOG.name,), (LOG,))
    assert policy.witness_keys == (AGENCY, LAB, BODY)
    assert [one.address for one in policy.witnesses] == [
        "",
        "https://lab.example/witness",
        "",
    ]


@pytest.mark.parametrize(
    ("seen_by", "is_met"),
    [
        ((AGENCY, LAB), True),
        ((AGENCY, BODY), True),
        ((LAB, BODY), False),
        ((AGENCY,), False),
        ((), False),
    ],
)
def test_quorum_needs_the_agency_and_one_of_the_others(seen_by, is_met):
    assert parse_policy(POLICY.encode()).is_met(seen_by) is is_met


def test_groups_of_groups_are_met_from_the_inside_out():
    lines = f"{WITNESSES}group a any lab\ngroup b all a body\ngroup c 2 b agency\n"
    policy = parse_policy(f"{lines}quorum c")
    assert policy.is_met((AGENCY, LAB, BODY))
    assert not policy.is_met((AGENCY, LAB))
    assert not policy.is_met((LAB, BODY))
    assert policy.met_at({BODY: 10, AGENCY: 20, LAB: 30}) == 30


def test_quorum_is_met_when_the_last_witness_needed_saw_it():
    policy = parse_policy(POLICY)
    assert policy.met_at({BODY: 10, AGENCY: 20, LAB: 30}) == 20
    assert policy.met_at({BODY: 10, LAB: 30}) is None


def test_quorum_is_met_since_enough_of_the_witnesses_saw_it():
    policy = parse_policy(POLICY)
    assert policy.met_since({BODY: 10, AGENCY: 20, LAB: 30}) == 20
    assert policy.met_since({BODY: 10, AGENCY: 20}) == 10
    assert policy.met_since({BODY: 10, LAB: 30}) is None


def test_policy_without_witnesses_is_met_by_nobody_and_gives_no_time():
    policy = parse_policy(f"log {LOG.vkey()}\nquorum none")
    assert policy.is_met(())
    assert (policy.met_at({}), policy.met_since({})) == (None, None)


def test_policy_is_written_so_that_it_reads_the_same():
    policy = parse_policy(POLICY)
    assert parse_policy(policy.write()) == policy


def test_fingerprint_tells_quorums_apart_and_ignores_addresses():
    policy = parse_policy(POLICY)
    moved = parse_policy(POLICY.replace("https://lab.example/witness", ""))
    weaker = parse_policy(POLICY.replace("quorum both", "quorum others"))
    prints = [one.fingerprint() for one in (policy, moved, weaker)]
    assert (prints[0] == prints[1], prints[0] == prints[2]) == (True, False)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "a line with the quorum is missing"),
        ("quorum all", "line 1: no line above defines 'all'"),
        ("quorum none\nquorum none", "line 2: there are two lines with a quorum"),
        ("quorum none extra", "line 1: 'quorum none extra' is not a line of a policy"),
        (f"{WITNESSES}group none any lab", "line 4: the name 'none' is taken"),
        (f"{WITNESSES}group lab any body", "line 4: the name 'lab' is taken"),
        (f"{WITNESSES}group g any none", "line 4: no line above defines 'none'"),
        (f"{WITNESSES}group g any g", "line 4: no line above defines 'g'"),
        (
            f"{WITNESSES}group g any h\ngroup h any g\nquorum g",
            "line 4: no line above defines 'h'",
        ),
        (
            f"{WITNESSES}group g any lab\ngroup h any g\ngroup i all g body",
            "line 6: 'g' is already a member of a group",
        ),
        (
            f"{WITNESSES}group g 2 lab\nquorum g",
            "line 4: '2' is not all, any or a number from 1 to 1",
        ),
        (
            f"{WITNESSES}group g +1 lab",
            "line 4: '+1' is not all, any or a number from 1 to 1",
        ),
        (
            f"{WITNESSES}group g any lab lab",
            "line 4: 'lab' is already a member of a group",
        ),
        (
            f"{WITNESSES}group g any lab\ngroup h all lab body",
            "line 5: 'lab' is already a member of a group",
        ),
        (
            f"{WITNESSES}group g 4 lab body agency",
            "line 4: '4' is not all, any or a number from 1 to 3",
        ),
        (
            f"{WITNESSES}group g 0 lab",
            "line 4: '0' is not all, any or a number from 1 to 1",
        ),
        (
            f"{WITNESSES}group g 01 lab",
            "line 4: '01' is not all, any or a number from 1 to 1",
        ),
        (f"{WITNESSES}group g 1", "line 4: 'group g 1' is not a line of a policy"),
        (
            f"log {LAB.vkey()}",
            f"line 1: {LAB.vkey()!r} is not a key of a log",
        ),
        (
            f"{WITNESSES}witness twin {LAB.vkey()}",
            f"line 4: {LAB.vkey()!r} stands there twice",
        ),
        (
            "quorum none\r\n",
            "a policy has no control characters, and LF ends its lines",
        ),
        (b"quorum \xff", "a policy is UTF-8"),
        (" " * 1_000_001, "a policy has at most 1000000 bytes"),
    ],
)
def test_policy_is_refused_with_its_line(text, message):
    with pytest.raises(BadPolicy) as error:
        parse_policy(text)
    assert str(error.value) == message


def test_policy_separates_items_by_spaces_and_tabs_only():
    with pytest.raises(BadPolicy):
        parse_policy("quorum\u00a0none")
