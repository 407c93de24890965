"""Bundles of a log whose heads an authority stamps with the time."""

from datetime import UTC, datetime, timedelta

import pytest

from escalation.stamps.stamping import stamp_due
from incidents.incident.new_file import path_of
from incidents.ledger.time_stamp import read_certificates
from incidents.ledger.verify.check import Terms, verify_bundle
from incidents.ledger.verify.stamps import Held
from incidents.models import TimeStampAuthority
from tests.incidents.evidence.scene import Scene
from tests.incidents.ledger.time_authority import TimeAuthority, needs_openssl

pytestmark = [pytest.mark.django_db, needs_openssl]


class StampedScene(Scene):
    """A scene in which an authority stamps each head that is asked for."""

    def stamp(self, authority):
        TimeStampAuthority.objects.update(next_at=self.now)
        assert stamp_due(self.now, send=authority.send) == 1
        return TimeStampAuthority.objects.get().size


def test_bundle_holds_the_stamps_nearest_to_its_entries(settings, tmp_path):
    settings.ATTACHMENTS_DIR = tmp_path
    authority = TimeAuthority(tmp_path / "authority")
    # Stamps are of the machine's time, so the scene ends about now.
    scene = StampedScene(now=datetime.now(UTC) - timedelta(seconds=20))
    TimeStampAuthority.objects.create(
        slug="stamps",
        address="https://tsa.example/",
        certificates=authority.pem.decode(),
        added_at=scene.now,
        next_at=scene.now,
    )
    scene.happen("first")
    scene.seal()
    scene.stamp(authority)
    scene.happen("second")
    scene.seal()
    whole = scene.stamp(authority)
    row = scene.ask()
    scene.seal()
    scene.pass_on()  # the entries are counted, which is an entry too
    scene.seal()
    head = scene.stamp(authority)
    row = scene.build(row)
    assert (row.state, row.head_size) == ("ready", head)
    heard = []
    with path_of(row.stored_as).open("rb") as file:
        outcome = verify_bundle(
            file,
            scene.policy,
            terms=Terms(held=Held(read_certificates(authority.pem))),
            listen=lambda _, bounds: heard.append(bounds),
        )
    # None from before the first entry, the older one of those after the last, the head's.
    assert [one.size for one in outcome.stamps] == [whole, head]
    assert all(one.stamp for one in outcome.stamps)
    assert not outcome.counts
    assert all(upper is not None for _, upper in heard)
