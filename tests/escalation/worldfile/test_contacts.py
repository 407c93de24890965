import pytest

from escalation.models import ContactMethod
from escalation.worldfile.export import export_world
from escalation.worldfile.problems import WorldFileInvalid
from incidents.ledger.keyring import open_secret
from tests.escalation.worldfile.conftest import SMALL

pytestmark = pytest.mark.django_db

WORKFLOW = "https://prod-1.logic.example/workflows/1?sig=key"


def contact(channel: str, address: str, slug: str = "more") -> str:
    return (
        f'\n[[contact_methods]]\norganisation = "aurora"\nslug = "{slug}"\n'
        f'channel = "{channel}"\naddress = "{address}"\nverified = true\n'
    )


def stored() -> ContactMethod:
    return ContactMethod.objects.get(slug="more")


def whole_address() -> str:
    return open_secret(stored().secret_sealed or b"", context="contact-method").decode()


def problems_of(apply, text: str) -> list[str]:
    with pytest.raises(WorldFileInvalid) as caught:
        apply(text)
    return [f"{one.field}: {one.message}" for one in caught.value.problems]


def test_secret_address_is_sealed_and_shown_in_part(apply):
    apply(SMALL + contact("teams", WORKFLOW))
    assert (stored().address, whole_address()) == (
        "https://prod-1.logic.example/…",
        WORKFLOW,
    )


def test_export_hides_the_secret_address_and_applies_back_without_a_change(apply):
    apply(SMALL + contact("teams", WORKFLOW))
    exported = export_world()
    assert "sig=key" not in exported
    assert apply(exported).lines == ()
    assert whole_address() == WORKFLOW


def test_hidden_address_that_is_not_stored_is_named(apply):
    hidden = contact("teams", "https://prod-1.logic.example/…")
    assert problems_of(apply, SMALL + hidden) == [
        "contact_methods[2].address: 'https://prod-1.logic.example/…' is only a part. "
        "Write the whole address."
    ]


def test_new_key_of_the_same_host_is_taken_and_must_be_verified_anew(apply):
    apply(SMALL + contact("teams", WORKFLOW))
    anew = contact("teams", WORKFLOW + "2").replace("verified = true", "")
    apply(SMALL + anew)
    assert (whole_address(), stored().verified_at) == (WORKFLOW + "2", None)


def test_secret_of_another_channel_does_not_stay_behind(apply):
    apply(SMALL + contact("teams", WORKFLOW))
    apply(SMALL + contact("webhook", "https://x.example/in"))
    assert whole_address().startswith("whsec_")


def test_channel_that_is_not_set_up_is_named(apply, settings):
    settings.SLACK_TOKEN = ""
    assert problems_of(apply, SMALL + contact("slack", "C0123456789")) == [
        "contact_methods[2].channel: 'slack' cannot be used. "
        "It is not set up here: set TOCSIN_SLACK_TOKEN."
    ]


def test_number_is_kept_as_it_is_called(apply, settings):
    settings.TWILIO_ACCOUNT = settings.TWILIO_TOKEN = "x"
    settings.TWILIO_FROM = "+37255500000"
    text = SMALL + contact("sms", "+372 555 12345")
    apply(text)
    assert (stored().address, apply(text).lines) == ("+37255512345", ())
