from pathlib import Path

import pytest

from incidents.events.actor import Actor
from incidents.mail.mailboxes import MailboxDraft, save_mailbox
from tests import factories as make
from tests.incidents.mail.post import RELAY, Lab


@pytest.fixture(autouse=True)
def _mail_settings(tmp_path: Path, settings) -> None:
    settings.ATTACHMENTS_DIR = tmp_path / "attachments"
    settings.MAIL_DOMAIN = "tocsin.example"
    settings.MAIL_TRUSTED_RELAY = RELAY
    settings.DEFAULT_FROM_EMAIL = "Tocsin <desk@tocsin.example>"


def make_lab() -> Lab:
    lab = make.lab("aurora", name="Aurora Labs")
    member = make.person(lab, "ada@aurora.example")
    draft = MailboxDraft(default_severity=4, default_category="WGT")
    actor = Actor.system(lab)
    return Lab(lab, member, save_mailbox(lab, draft, actor=actor, now=make.NOW))


@pytest.fixture
def lab(db: None) -> Lab:
    return make_lab()
