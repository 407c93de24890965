import json

from incidents.intake.mapping_preview import Problem, Reading, preview

BODY = json.dumps(
    {
        "rule": {"name": "Egress anomaly", "id": "r7"},
        "state": "clear",
        "level": "sev2",
        "hosts": [{"name": "a"}, {"name": "b"}],
    }
).encode()
PATHS = {
    "title": "$.rule.name",
    "status": "$.state",
    "status.clear": "resolved",
    "severity": "$.level",
    "dedup_key": "$.rule['id', 'name']",
    "labels.hosts": "$.hosts[*].name",
}


def seen(mapping, *, body=BODY, tool="generic", **more):
    return preview(body, tool=tool, reading=Reading(mapping=mapping, **more))


def test_a_mapping_shows_the_alert_and_what_each_path_finds():
    shown = seen(PATHS, severity_map={"sev2": 4})
    [(alert, level)] = shown.alerts
    assert (alert.title, alert.status, level) == ("Egress anomaly", "resolved", 4)
    assert alert.dedup_key == "key:r7/Egress anomaly"
    assert alert.labels == {"hosts": "a, b"}
    assert shown.outcome == "read"
    assert shown.found == {
        "title": '"Egress anomaly"',
        "status": '"clear"',
        "severity": '"sev2"',
        "dedup_key": '"r7", "Egress anomaly"',
        "labels.hosts": '"a", "b"',
    }


def test_every_wrong_field_is_named_while_the_others_still_find():
    shown = seen({**PATHS, "url": "$.a[", "status.odd": "fine"})
    assert [problem.field for problem in shown.problems] == ["url", "status.odd"]
    assert (shown.outcome, shown.alerts) == ("unreadable", ())
    assert shown.found["title"] == '"Egress anomaly"'


def test_an_unknown_word_names_field_value_and_remedy():
    mapping = {"title": "$.rule.name", "status": "$.state"}
    assert seen(mapping).problems == (
        Problem("status", '"clear"', "send firing or resolved"),
    )


def test_a_state_can_be_ignored():
    shown = seen({**PATHS, "status.clear": "ignored"})
    assert (shown.outcome, shown.alerts) == ("ignored", ())
    assert shown.reason == "The mapping says that its state is no alert."


def test_paths_start_from_the_first_alert_of_a_list():
    body = json.dumps({"all": [{"n": "a"}, {"n": "b"}]}).encode()
    shown = seen({"alerts": "$.all", "title": "$.n"}, body=body)
    assert [alert.title for alert, _ in shown.alerts] == ["a", "b"]
    assert shown.found == {"alerts": "2 alerts", "title": '"a"'}


def test_alerts_beyond_the_first_twenty_are_counted():
    body = json.dumps({"all": [{"n": str(n)} for n in range(23)]}).encode()
    shown = seen({"alerts": "$.all", "title": "$.n"}, body=body)
    assert (len(shown.alerts), shown.more) == (20, 3)


def test_a_mapping_that_is_too_long_is_not_tried():
    shown = seen({f"labels.{n}": "$..*" for n in range(81)})
    assert [problem.field for problem in shown.problems] == ["mapping"]
    assert shown.found == {}


def test_a_body_that_is_no_json_is_a_problem_of_the_body():
    [problem] = seen(PATHS, body=b"{not").problems
    assert problem.field == "body"


def test_a_preset_shows_the_paths_of_the_shape_that_fits():
    body = json.dumps({"notification_type": "RECOVERY", "host": "gpu-7"}).encode()
    shown = seen({}, body=body, tool="checkmk")
    assert [alert.status for alert, _ in shown.alerts] == ["resolved"]
    assert shown.found["title"] == '"gpu-7"'
