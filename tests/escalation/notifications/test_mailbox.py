from pathlib import Path

import pytest
from django.core.mail import EmailMultiAlternatives, get_connection

from escalation.notifications.mailbox import (
    MAILBOX_BACKEND,
    has_mailbox,
    list_messages,
    read_message,
)


def send(folder: Path, subject: str) -> None:
    mail = EmailMultiAlternatives(subject, "text part", "a@x.example", ["b@x.example"])
    mail.attach_alternative("<p>html part</p>", "text/html")
    get_connection(MAILBOX_BACKEND, file_path=folder).send_messages([mail])


def test_each_message_is_a_file_of_its_own_newest_first(tmp_path):
    for subject in ("first", "second", "third"):
        send(tmp_path / "box", subject)
    found = list_messages(tmp_path / "box")
    assert [mail.subject for mail in found] == ["third", "second", "first"]
    assert len(list((tmp_path / "box").iterdir())) == 3


def test_message_is_read_with_both_parts_and_headers(tmp_path):
    send(tmp_path, "Grüße")
    name = list_messages(tmp_path)[0].name
    mail = read_message(tmp_path, name)
    assert mail is not None
    assert (mail.subject, mail.sender, mail.to) == (
        "Grüße",
        "a@x.example",
        "b@x.example",
    )
    assert (mail.text.strip(), mail.html.strip()) == ("text part", "<p>html part</p>")
    assert ("To", "b@x.example") in mail.headers


@pytest.mark.parametrize("name", ["../secret.eml", "secret.eml", "", "..", "a/b.eml"])
def test_name_that_is_no_message_reads_nothing(tmp_path, name):
    box = tmp_path / "box"
    send(box, "x")
    (tmp_path / "secret.eml").write_text("Subject: secret\n\n")
    (box / "secret.eml").write_text("Subject: secret\n\n")
    assert read_message(box, name) is None
    assert [mail.subject for mail in list_messages(box)] == ["x"]


def test_folder_that_is_not_there_is_an_empty_mailbox(tmp_path):
    assert list_messages(tmp_path / "none") == []


@pytest.mark.parametrize(
    ("is_demo", "backend", "expected"),
    [
        (True, MAILBOX_BACKEND, True),
        (False, MAILBOX_BACKEND, False),
        (True, "django.core.mail.backends.smtp.EmailBackend", False),
    ],
)
def test_mailbox_exists_only_in_a_demo_that_keeps_mail(
    settings, is_demo, backend, expected
):
    settings.DEMO, settings.EMAIL_BACKEND = is_demo, backend
    assert has_mailbox() == expected
