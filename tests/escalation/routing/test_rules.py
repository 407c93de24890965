from escalation.policies.matchers import IncidentFacts, Matcher
from escalation.routing.rules import RouteRule, first_match

FACTS = IncidentFacts("aurora", "WGT", 3, "prometheus", "AMBER")


def test_first_match_takes_the_first_route_whose_matchers_all_hold():
    routes = [
        RouteRule(1, (Matcher("severity", ">=", 3), Matcher("tlp", "=", "RED")), "a"),
        RouteRule(2, (Matcher("severity", ">=", 3), Matcher("tlp", "=", "AMBER")), "b"),
        RouteRule(3, (), "c"),
    ]
    match = first_match(routes, FACTS)
    assert match.route is routes[1]
    assert match.reason == "matched route 2: severity ≥ 3 and tlp = AMBER"


def test_route_without_matchers_takes_everything():
    assert first_match([RouteRule(3, (), "c")], FACTS).reason == (
        "matched route 3: every incident"
    )


def test_no_match_says_so():
    match = first_match([RouteRule(1, (Matcher("severity", ">=", 4),), "a")], FACTS)
    assert match.route is None
    assert match.reason == "no route matched: default route"
