import re
from datetime import timedelta

import pytest
from django.utils import timezone

from escalation.models import Notification, Run
from escalation.notifications.delivery import deliver_batch
from tests import factories as make
from tests.escalation.runs.test_handlers import fast_forward, route_all

pytestmark = pytest.mark.django_db

PHONE = "+37255512345"


@pytest.fixture
def run(fake_twilio) -> Run:
    """Text A, fifteen minutes later mail B; A's text is out."""
    lab = make.lab()
    first = make.person(lab, "a@lab.example")
    second = make.person(lab, "b@lab.example")
    make.contact(lab, first, channel="sms", address=PHONE)
    make.contact(lab, second)
    steps = [make.notify({"user": first.email}), make.wait(15)]
    steps += [make.notify({"user": second.email})]
    make.route(lab, make.policy(lab, *steps), is_default=True)
    make.incident(lab)
    now = timezone.now()
    route_all(now)
    deliver_batch(now)
    return Run.objects.get()


def test_person_who_replies_with_the_code_of_the_text_stops_the_path(
    run, fake_twilio, from_twilio
):
    body = fake_twilio.calls[0].fields["Body"]
    code = re.findall(r"Reply (\d{6}) to", body)[0]
    from_twilio(
        "/callbacks/twilio/sms", {"From": PHONE, "Body": code, "MessageSid": "SM1"}
    )
    fast_forward(timezone.now() + timedelta(hours=1))
    run.refresh_from_db()
    assert (run.state, Notification.objects.count()) == ("acknowledged", 1)
