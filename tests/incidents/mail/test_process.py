"""What a stored mail becomes."""

from datetime import timedelta

from incidents.events.feed import read_fields, timeline
from incidents.mail.models import Mail, MailState
from incidents.mail.process import process_next_mail
from incidents.mail.retention import forget_old_mail
from incidents.models import Attachment, Entry, Incident, Mailbox, Membership
from tests import factories as make
from tests.incidents.mail.post import Lab, mail, settled, stored


def _recorded(kind: str):
    entries = list(Entry.objects.filter(kind=kind).order_by("pk"))
    fields = read_fields(entries)
    return [fields[entry.pk] for entry in entries]


def test_proven_member_reports_an_incident_by_mail(lab: Lab):
    row = settled(lab.organisation, mail(subject="=?utf-8?q?Weights?= copied"))
    incident = Incident.objects.get()
    assert (row.state, row.incident, row.member) == ("reported", incident, lab.member)
    assert (incident.title, incident.description) == (
        "Weights copied",
        "Somebody copied the weights.",
    )
    assert (incident.severity, incident.category) == (4, "WGT")
    assert incident.reported_by == lab.member
    [reported] = _recorded("incident.reported")
    assert reported["via"] == (
        "by e-mail of ada@aurora.example (sender proven by the mail relay)"
    )


def test_files_of_a_report_are_attached(lab: Lab):
    message = mail()
    message.add_attachment(b"%PDF-1", maintype="a", subtype="b", filename="log.pdf")
    message.add_attachment(b"", maintype="a", subtype="b", filename="empty")
    settled(lab.organisation, message)
    [kept] = Attachment.objects.all()
    assert (kept.filename, kept.media_type, kept.size_bytes) == (
        "log.pdf",
        "application/pdf",
        6,
    )
    assert kept.uploaded_by == lab.member


def test_file_over_the_organisations_own_limit_is_named_and_the_mail_counts(
    lab: Lab, settings
):
    settings.ATTACHMENT_LIMITS = {lab.organisation.slug: (1, 0)}
    message = mail(text="See.")
    large = b"x" * (1024 * 1024 + 1)
    message.add_attachment(large, maintype="a", subtype="b", filename="big.bin")
    message.add_attachment(b"1234", maintype="a", subtype="b", filename="small.bin")
    settled(lab.organisation, message)
    incident = Incident.objects.get()
    texts = [
        item.data["text"]
        for item in timeline(incident, [lab.organisation.pk])
        if item.kind == "incident.commented"
    ]
    assert [text.split("]")[0] for text in texts] == [
        "[Not kept: big.bin",
        "attached small.bin",
    ]
    assert [file.filename for file in Attachment.objects.all()] == ["small.bin"]


def test_file_over_the_limit_is_named_in_the_report(lab: Lab, settings):
    settings.MAX_ATTACHMENT_BYTES = 3
    message = mail(text="See.")
    message.add_attachment(b"1234", maintype="a", subtype="b", filename="big.bin")
    settled(lab.organisation, message)
    assert Incident.objects.get().description == (
        "See.\n\n[Not kept: big.bin (4 bytes)]"
    )


def test_text_over_the_limit_is_kept_whole_as_a_file(lab: Lab):
    settled(lab.organisation, mail(text="word " * 12_000))
    assert len(Incident.objects.get().description) <= 50_000
    assert Attachment.objects.get().size_bytes == len("word " * 12_000) - 1


def test_unproven_member_is_held_and_opens_nothing(lab: Lab):
    row = settled(lab.organisation, mail(is_proven=False))
    assert (row.state, row.proof, row.member) == ("held", "none", lab.member)
    assert row.reason == "That ada@aurora.example sent it is not proven."
    assert Incident.objects.count() == 0
    [entry] = _recorded("mail.settled")
    assert (entry["mail"], entry["outcome"]) == (str(row.uid), "held for review")


def test_stranger_is_held(lab: Lab):
    row = settled(lab.organisation, mail("Eve <eve@evil.example>"))
    assert (row.state, row.sender, row.subject) == (
        "held",
        "eve@evil.example",
        "Weights copied",
    )
    assert Incident.objects.count() == 0


def test_former_member_counts_as_a_stranger(lab: Lab):
    Membership.objects.filter(user=lab.member).update(ended_at=make.NOW)
    assert settled(lab.organisation, mail()).state == MailState.HELD


def test_answer_becomes_a_comment_of_the_member(lab: Lab):
    incident = make.incident(lab.organisation)
    text = "Contained.\n\nOn Monday Tocsin wrote:\n> Weights copied"
    root = f"<{incident.ref}@tocsin.example>"
    row = settled(lab.organisation, mail(text=text, In_Reply_To=root))
    assert (row.state, row.incident) == ("commented", incident)
    [comment] = _recorded("incident.commented")
    assert (comment["text"], comment["is_shared"]) == ("Contained.", False)
    assert comment["actor"]["name"] == "ada@aurora.example"
    assert Incident.objects.count() == 1


def test_answer_to_an_incident_of_others_is_held_and_tells_nothing(lab: Lab):
    theirs = make.incident(make.lab("meridian"))
    row = settled(lab.organisation, mail(subject=f"Re: {theirs.ref}"))
    assert (row.state, row.incident) == ("held", None)
    assert _recorded("incident.commented") == []


def test_agency_comments_on_what_is_shared_and_files_nothing(lab: Lab):
    agency = make.agency("naisa")
    make.person(agency, "officer@naisa.example", role="officer")
    make.incident(lab.organisation)
    row = settled(agency, mail("officer@naisa.example"))
    assert row.reason == (
        "The role of officer@naisa.example does not let them file incidents."
    )


def test_reply_address_proves_its_person(lab: Lab):
    incident = make.incident(lab.organisation)
    row = settled(
        lab.organisation,
        mail(is_proven=False, subject="Re: something else", text="Contained."),
        reply_to=(incident.pk, lab.member.pk),
    )
    assert (row.state, row.proof, row.incident) == ("commented", "reply", incident)


def test_answer_from_where_the_notification_went_is_its_recipients(lab: Lab):
    incident = make.incident(lab.organisation)
    row = settled(
        lab.organisation,
        mail("pager@elsewhere.example", is_proven=False),
        reply_to=(incident.pk, lab.member.pk),
        sent_to="Pager@elsewhere.example",
    )
    assert (row.state, row.proof, row.member) == ("commented", "reply", lab.member)


def test_reply_address_in_the_hands_of_a_colleague_is_held(lab: Lab):
    incident = make.incident(lab.organisation)
    make.person(lab.organisation, "bob@aurora.example")
    row = settled(
        lab.organisation,
        mail("bob@aurora.example"),
        reply_to=(incident.pk, lab.member.pk),
    )
    assert (row.state, row.reason) == (
        "held",
        "It came to a reply address that is not bob@aurora.example's.",
    )


def test_mail_of_a_machine_is_kept_and_opens_nothing(lab: Lab):
    row = settled(lab.organisation, mail(Auto_Submitted="auto-generated"))
    assert (row.state, bytes(row.raw or b"") != b"") == ("ignored", True)
    assert Incident.objects.count() == 0


def test_same_mail_again_opens_no_second_incident(lab: Lab):
    message = mail()
    again = b"Received: by relay, once more\r\n" + message.as_bytes()
    first = settled(lab.organisation, message)
    second = settled(lab.organisation, again)
    assert (first.state, second.state) == ("reported", "ignored")
    assert second.reason == "The same mail was received before."
    assert Incident.objects.count() == 1


def test_same_words_in_a_new_mail_are_another_report(lab: Lab):
    states = [settled(lab.organisation, mail()).state for _ in range(2)]
    assert states == ["reported", "reported"]


def test_mail_that_fails_is_tried_three_times_and_held(lab: Lab):
    # The mailbox says what a report is filed as; without it none can be opened.
    row = stored(lab.organisation, mail())
    Mailbox.objects.all().delete()
    other = stored(lab.organisation, mail("eve@evil.example"))
    moments = [make.NOW + timedelta(seconds=6 * n) for n in range(4)]
    assert [process_next_mail(at) for at in moments] == [True] * 4
    assert process_next_mail(moments[-1]) is False
    states = dict(Mail.objects.values_list("pk", "state"))
    assert states == {row.pk: "held", other.pk: "held"}
    row.refresh_from_db()
    assert row.reason == "It could not be dealt with by itself: DoesNotExist."
    assert Incident.objects.count() == 0


def test_nothing_waits_gives_false(lab: Lab):
    assert process_next_mail(make.NOW) is False


def test_old_mail_is_forgotten_unless_nobody_has_decided(lab: Lab):
    done = settled(lab.organisation, mail())
    held = settled(lab.organisation, mail("eve@evil.example"))
    later = make.NOW + timedelta(days=91)
    assert (forget_old_mail(make.NOW), forget_old_mail(later)) == (0, 1)
    done.refresh_from_db()
    held.refresh_from_db()
    assert (done.raw, done.sender, done.state) == (None, "", "reported")
    assert bytes(held.raw or b"") != b""
