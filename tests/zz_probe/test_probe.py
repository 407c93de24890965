import base64, json
import pytest
from django.test import Client

def cur(v): return base64.urlsafe_b64encode(json.dumps(v).encode()).decode().rstrip("=")
F = {"title": "Weights copied", "category": "WGT", "severity": 3}

CASES = [
 ("get", "/api/v1/organisations/?cursor=" + cur([None, None]), None),
 ("get", "/api/v1/organisations/?cursor=" + cur(["\0", 1]), None),
 ("get", "/api/v1/organisations/?cursor=" + cur(["a", 10**30]), None),
 ("get", "/api/v1/organisations/?cursor=" + cur(["\ud800", 1]), None),
 ("get", "/api/v1/organisations/?cursor=" + cur([["a"], {"b":1}]), None),
 ("get", "/api/v1/incidents/?cursor=" + cur(["0001-01-01T00:00:00+14:00", 1]), None),
 ("get", "/api/v1/incidents/?cursor=" + cur(["2026-01-01", 1]), None),
 ("get", "/api/v1/incidents/?cursor=" + cur([None, 1]), None),
 ("get", "/api/v1/incidents/?organisation=%00", None),
 ("get", "/api/v1/incidents/?q=%00", None),
 ("get", "/api/v1/incidents/?q=%27%3A%2A", None),
 ("get", "/api/v1/incidents/?q=%5C%20%5C", None),
 ("get", "/api/v1/triage/?q=%00", None),
 ("get", "/api/v1/triage/?owner=%00&lab=%00", None),
 ("get", "/api/v1/triage/?lab=%00", None),
 ("get", "/api/v1/triage/?severity=99999999999999999999", None),
 ("get", "/api/v1/members/?organisation=%00", None),
 ("post", "/api/v1/incidents/", {**F, "facts": {"x": 1}}),
 ("post", "/api/v1/incidents/", {**F, "title": "a\0b"}),
 ("post", "/api/v1/incidents/", {**F, "title": "\ud800"}),
 ("post", "/api/v1/incidents/", {**F, "severity": 10**400}),
 ("post", "/api/v1/incidents/", {**F, "severity": [1]}),
 ("post", "/api/v1/incidents/", {**F, "severity": {"a": 1}}),
 ("post", "/api/v1/incidents/", {**F, "category": ["WGT"]}),
 ("post", "/api/v1/incidents/", {**F, "tlp": ["RED"]}),
 ("post", "/api/v1/incidents/", {**F, "organisation": {"a": 1}}),
 ("post", "/api/v1/incidents/", {**F, "occurred_at": "0001-01-01T00:00:00+14:00"}),
 ("post", "/api/v1/incidents/", {**F, "occurred_at": "9999-12-31T23:59:59-14:00"}),
 ("post", "/api/v1/incidents/", {**F, "occurred_at": "0001-01-01T00:00:00Z"}),
 ("post", "/api/v1/incidents/", {**F, "occurred_at": 5}),
 ("post", "/api/v1/incidents/", [F]),
 ("post", "/api/v1/incidents/", "x"),
 ("post", "/api/v1/incidents/", None),
 ("post", "/api/v1/policies/", {"slug": "x", "name": "x", "body": {"steps": [{"kind": "notify", "targets": [{"user": "a\0@b.example"}]}]}}),
 ("post", "/api/v1/policies/", {"slug": "x", "name": "x", "body": {"steps": [{"kind": "notify", "targets": [{"team": "\ud800"}]}]}}),
 ("post", "/api/v1/policies/", {"slug": "x", "name": "x", "body": {"steps": [{"kind": "notify", "targets": [{"webhook": "\ud800"}]}]}}),
 ("post", "/api/v1/policies/", {"slug": "x", "name": "x", "body": {"steps": [{"kind": "wait", "minutes": 10**30}]}}),
 ("post", "/api/v1/policies/", {"slug": "x", "name": "x", "body": {"steps": [{"kind": "share", "agency": "\0"}]}}),
 ("post", "/api/v1/policies/", {"slug": "x", "name": "x", "body": []}),
 ("post", "/api/v1/routes/", {"name": "x", "matchers": [{"field": "label:a", "op": "=", "value": "\0"}]}),
 ("post", "/api/v1/routes/", {"name": "x", "matchers": [{"field": "label:\0", "op": "=", "value": "x"}]}),
 ("post", "/api/v1/routes/", {"name": "x", "matchers": [{"field": "label:a", "op": "=~", "value": "(" * 5000}]}),
 ("post", "/api/v1/routes/", {"name": "x", "matchers": [{"field": "label:a", "op": "=~", "value": "\ud800"}]}),
 ("post", "/api/v1/routes/", {"name": "x", "matchers": [{"field": "label:a", "op": "=", "value": "\ud800"}]}),
 ("post", "/api/v1/routes/", {"name": "x", "matchers": [{"field": "severity", "op": ">=", "value": 10**30}]}),
 ("post", "/api/v1/routes/", {"name": "x", "matchers": [{"field": [], "op": ">=", "value": 1}]}),
 ("post", "/api/v1/routes/", {"name": "x", "matchers": ["x"], "policy": "\0"}),
 ("post", "/api/v1/sources/", {"tool": "generic", "slug": "x", "name": "x", "mapping": {"title": "\0"}}),
 ("post", "/api/v1/sources/", {"tool": "generic", "slug": "x", "name": "x", "mapping": {"\0": "x"}}),
 ("post", "/api/v1/sources/", {"tool": "generic", "slug": "x", "name": "x", "mapping": {"labels.\ud800": "x", "title":"t"}}),
 ("post", "/api/v1/sources/", {"tool": "generic", "slug": "x", "name": "x", "mapping": {"labels.\u0001\0": "x", "title":"t"}}),
 ("post", "/api/v1/contact-methods/", {"slug": "x", "channel": "webhook", "address": "https://[::1/x", "desk": True}),
 ("post", "/api/v1/contact-methods/", {"slug": "y", "channel": "webhook", "address": "https://ex\u00e4mple/", "desk": True}),
 ("post", "/api/v1/contact-methods/", {"slug": "z", "channel": "webhook", "address": "https://a:99999/", "desk": True}),
 ("post", "/api/v1/contact-methods/", {"slug": "q", "channel": "email", "address": "a@b.example\nBcc: x@y.example", "desk": True}),
 ("post", "/api/v1/tokens/", {"name": "x", "expires_at": "9999-12-31T23:59:59-14:00"}),
 ("post", "/api/v1/tokens/", {"name": "x", "scopes": [["read"]]}),
 ("post", "/api/v1/tokens/", {"name": "x", "scopes": [{"read":1}]}),
 ("post", "/api/v1/members/", {"email": "x" * 300 + "@y.example", "role": "staff"}),
 ("post", "/api/v1/members/", {"email": "x@y.example", "role": ["staff"]}),
 ("post", "/api/v1/teams/", {"slug": "x", "name": "x", "members": [1]}),
 ("post", "/api/v1/triage/acknowledge/", {"refs": ["\0"]}),
 ("post", "/api/v1/triage/acknowledge/", {"refs": ["x"] * 5000}),
 ("delete", "/api/v1/tokens/999999999999999999/", None),
 ("delete", "/api/v1/members/999999999999999999/", None),
 ("get", "/api/v1/policies/999999999999999999/", None),
 ("get", "/api/v1/routes/99999999999999999999999/", None),
 ("get", "/api/v1/policies/99999999999999999999999/", None),
]

@pytest.mark.django_db
def test_api(api_world):
    from django.db import transaction
    from tests.api_world import make_api_world
    for m, u, b in CASES:
      for role in ("admin", "supervisor"):
        c = api_world.as_(role)
        c.raise_request_exception = False
        kw = {} if b is None or m == "get" else {"data": json.dumps(b), "content_type": "application/json"}
        try:
            with transaction.atomic():
                r = getattr(c, m)(u, **kw)
        except Exception as e:
            print("EXC", role, m, u, str(b)[:100], type(e), str(e)[:100]); continue
        print("BAD" if r.status_code >= 500 else "ok", role, m, u[:60], str(b)[:100], "->", r.status_code, r.content[:260] if r.status_code not in (200,) else "")

PAGES = ["/incidents/%00/", "/triage/%00/", "/incidents/?q=%00", "/incidents/?organisation=%00", "/incidents/?before=²",
  "/incidents/?severity=99999999999999999999999", "/triage/?severity=9999999999999999999999", "/triage/?q=%00", "/triage/?owner=%00", "/triage/?lab=%00", "/policies/99999999999999999999999/",
  "/policies/9223372036854775808/", "/account/contact-methods/99999999999999999999/verify/",
  "/sign-in/?next=//evil.example", "/sign-in/?as=%00", "/ack/%00/", "/ack/a:b:c/", "/ack/%f0/", "/mailbox/%00/", "/incidents/INC-0000000000/unshare/x/", "/api/v1/%00", "/api/v1/incidents/%00/",
  "/incidents/new/?x=%00", "/policies/?version=99999999999999999999", "/incidents/?page=%00"]
@pytest.mark.django_db
def test_pages(api_world):
    from django.db import transaction
    for u in PAGES:
      for role in ("admin", "supervisor"):
        c = Client(raise_request_exception=False)
        c.force_login(api_world.person(role))
        try:
            with transaction.atomic():
                r = c.get(u)
        except Exception as e:
            print("EXC", role, u, type(e), str(e)[:100]); continue
        print("BAD" if r.status_code >= 500 else "ok", role, u, r.status_code, r.get("Location"), r.get("Content-Type"))
