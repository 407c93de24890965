"""What the file says of the senders of sources."""

import pytest

from escalation.worldfile.export import export_world
from escalation.worldfile.problems import WorldFileInvalid
from incidents.models import Source
from tests.escalation.worldfile.conftest import SMALL

pytestmark = pytest.mark.django_db

SECRET = "correct horse battery"


def with_trust(*lines):
    return SMALL.rstrip() + "\n" + "\n".join(lines) + "\n"


def test_made_secret_is_shown_once_and_kept_by_an_export(apply):
    text = with_trust(
        'verification = "hmac"',
        'verification_options = { header = "X-Sig" }',
        'address_ranges = ["192.0.2.0/24"]',
    )
    shown = [line for line in apply(text).secrets if line.startswith("secret of")]
    assert [line.rpartition(": ")[0] for line in shown] == [
        "secret of source aurora/prom"
    ]
    source = Source.objects.get()
    assert (source.verification, source.address_ranges) == ("hmac", ["192.0.2.0/24"])
    assert source.verification_options["header"] == "x-sig"
    exported = export_world()
    assert shown[0].rpartition(": ")[2] not in exported
    again = apply(exported)
    assert (again.lines, again.secrets) == ((), ())
    version = source.trust_version
    source.refresh_from_db()
    assert source.trust_version == version


def test_given_secret_is_set_and_not_shown(apply):
    apply(SMALL)
    text = with_trust('verification = "hmac_sentry"', f'secret = "{SECRET}"')
    applied = apply(text)
    assert applied.secrets == ()
    assert applied.lines == (
        "~ source aurora/prom: proof of senders none → hmac_sentry",
    )
    assert apply(text).lines == ()
    assert SECRET not in export_world()


@pytest.mark.parametrize(
    ("lines", "field"),
    [
        (['verification = "hmac_sentry"'], "sources[0].secret"),
        (['verification = "bearer"', 'secret = "short"'], "sources[0].secret"),
        (['verification = "header"'], "sources[0].verification_options.header"),
        (['address_ranges = ["there"]'], "sources[0].address_ranges"),
        (['verification = "magic"'], "sources[0].verification"),
    ],
)
def test_what_cannot_be_used_is_named(apply, lines, field):
    with pytest.raises(WorldFileInvalid) as caught:
        apply(with_trust(*lines))
    assert [problem.field for problem in caught.value.problems] == [field]
