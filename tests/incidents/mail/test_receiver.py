"""What a relay is answered, over real connections."""

import smtplib
from functools import partial

import pytest
from django.db import connections

from incidents.events.actor import Actor
from incidents.intake.sources import create_source
from incidents.mail.addresses import reply_address
from incidents.mail.mailboxes import MailboxDraft, rotate_address, save_mailbox
from incidents.mail.models import Mail
from incidents.mail.source_addresses import source_address
from incidents.models import Delivery
from incidents.timers.clock import read_now
from tests import factories as make
from tests.incidents.mail.conftest import make_lab
from tests.incidents.mail.post import Lab, mail, receiver

ADA = "ada@aurora.example"


@pytest.fixture
def lab(world_database) -> Lab:
    """A lab in a database of the test's own: the receiver commits."""
    return make_lab()


def _code(call) -> int:
    with pytest.raises(smtplib.SMTPException) as caught:
        call()
    error = caught.value
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        return next(iter(error.recipients.values()))[0]
    assert isinstance(error, smtplib.SMTPResponseException)
    return error.smtp_code


@pytest.mark.parametrize("scheme", ["smtp", "lmtp"])
def test_answered_mail_is_stored_byte_for_byte(lab: Lab, scheme: str):
    content = mail().as_bytes().replace(b"\n", b"\r\n") + b".a dot\r\n\xff\r\n"
    with receiver(scheme) as relay:
        assert relay.sendmail(ADA, [lab.address], content) == {}
    row = Mail.objects.get()
    assert (bytes(row.raw or b""), row.size_bytes) == (content, len(content))
    assert (row.organisation, row.state, row.envelope_from) == (
        lab.organisation,
        "pending",
        ADA,
    )


def test_address_is_read_whatever_its_case(lab: Lab):
    with receiver() as relay:
        relay.sendmail(ADA, [lab.address.upper()], mail().as_bytes())
    assert Mail.objects.count() == 1


@pytest.mark.parametrize(
    "address",
    ["aurora@tocsin.example", "aurora+guess@tocsin.example", "re+aaaa@tocsin.example"],
)
def test_unknown_address_is_refused_for_good(lab: Lab, address: str):
    with receiver() as relay:
        code = _code(lambda: relay.sendmail(ADA, [address], mail().as_bytes()))
    assert (code, Mail.objects.count()) == (550, 0)


def test_right_token_in_another_domain_is_refused(lab: Lab):
    address = lab.address.replace("tocsin.example", "evil.example")
    with receiver() as relay:
        assert _code(lambda: relay.sendmail(ADA, [address], b"x")) == 550


def test_closed_mailbox_is_refused(lab: Lab):
    closed, actor = MailboxDraft(is_open=False), Actor.system(lab.organisation)
    save_mailbox(lab.organisation, closed, actor=actor, now=make.NOW)
    with receiver() as relay:
        assert _code(lambda: relay.sendmail(ADA, [lab.address], b"x")) == 550


def test_former_address_works_only_while_it_is_kept(lab: Lab):
    actor, former = Actor.system(lab.organisation), lab.address
    now = read_now()
    rotate_address(lab.organisation, keep_old=True, actor=actor, now=now)
    with receiver() as relay:
        relay.sendmail(ADA, [former], mail().as_bytes())
        rotate_address(lab.organisation, keep_old=False, actor=actor, now=now)
        assert _code(lambda: relay.sendmail(ADA, [former], b"x")) == 550
    assert Mail.objects.count() == 1


def test_reply_address_says_incident_and_person(lab: Lab):
    incident = make.incident(lab.organisation)
    address = reply_address(
        incident_id=incident.pk,
        organisation_id=lab.organisation.pk,
        user_id=lab.member.pk,
        sent_to=ADA,
    )
    assert len(address.partition("@")[0]) <= 64
    with receiver() as relay:
        relay.sendmail(ADA, [address], mail().as_bytes())
        forged = ("b" if address[3] == "a" else "a").join([address[:3], address[4:]])
        assert _code(lambda: relay.sendmail(ADA, [forged], b"x")) == 550
    row = Mail.objects.get()
    assert (row.reply_incident_id, row.reply_user_id) == (incident.pk, lab.member.pk)


def test_mail_to_two_organisations_is_stored_for_each(lab: Lab):
    other = make.lab("meridian")
    box = save_mailbox(other, MailboxDraft(), actor=Actor.system(other), now=make.NOW)
    addresses = [lab.address, Lab(other, lab.member, box).address]
    with receiver() as relay:
        relay.sendmail(ADA, addresses, mail().as_bytes())
    owners = Mail.objects.values_list("organisation__slug", flat=True)
    assert sorted(owners) == ["aurora", "meridian"]


def test_mail_to_a_source_is_stored_as_its_delivery(lab: Lab):
    source, _ = create_source(
        lab.organisation,
        tool="generic",
        slug="tool",
        name="Tool",
        actor=Actor.system(lab.organisation),
        now=make.NOW,
    )
    with receiver() as relay:
        relay.sendmail(ADA, [source_address(source)], mail().as_bytes())
    assert Delivery.objects.get().source == source
    assert Mail.objects.count() == 0


def test_lmtp_takes_one_recipient_at_a_time(lab: Lab):
    with receiver("lmtp") as relay:
        refused = relay.sendmail(ADA, [lab.address, lab.address.upper()], b"x")
        assert [code for code, _ in refused.values()] == [452]
    assert Mail.objects.count() == 1


def test_mail_over_the_limit_is_answered_552(lab: Lab, settings):
    settings.MAX_MAIL_BYTES = 2_000
    with receiver() as relay:
        large = b"x" * 70 + b"\r\n"
        code = _code(lambda: relay.sendmail(ADA, [lab.address], large * 40))
        assert code == 552
        # Who did not say how much it would be is told after the data.
        relay.rset()
        relay.mail(ADA)
        relay.rcpt(lab.address)
        assert relay.data(large * 40)[0] == 552
    assert Mail.objects.count() == 0


def test_too_much_mail_of_strangers_is_put_off_and_a_members_is_not(lab: Lab, settings):
    settings.MAIL_PER_HOUR = 2
    with receiver() as relay:
        for _ in range(2):
            relay.sendmail("eve@evil.example", [lab.address], mail().as_bytes())
        send = partial(relay.sendmail, "eve@evil.example", [lab.address], b"x")
        assert _code(send) == 451
        relay.sendmail(ADA, [lab.address], mail().as_bytes())
    assert Mail.objects.count() == 3


def test_connection_from_elsewhere_is_turned_away(lab: Lab, settings):
    settings.MAIL_RELAYS = ("192.0.2.0/24",)
    with pytest.raises(smtplib.SMTPConnectError) as caught, receiver():
        pass
    assert caught.value.smtp_code == 554


def test_lost_database_puts_mail_off_and_never_refuses_it(lab: Lab, settings):
    values = connections["default"].settings_dict
    right = values["NAME"]
    with receiver() as relay:
        relay.ehlo()
        assert relay.mail(ADA)[0] == 250
        assert relay.rcpt(lab.address)[0] == 250
        values["NAME"] = "no_such_database"
        try:
            assert relay.data(b"x")[0] == 451
            relay.mail(ADA)
            assert relay.rcpt(lab.address)[0] == 451
        finally:
            values["NAME"] = right
    assert Mail.objects.count() == 0
