from django.db import transaction

from incidents.events.doorbell import ring_after_commit, ring_in, ring_with


class Listener:
    def __init__(self):
        self.heard = []

    def add(self, consumer):
        self.heard.append(consumer)

    def add_later(self, consumer, at):
        self.heard.append(("later", consumer))


def test_rings_go_to_the_given_ringer_after_commit(world_database, django_db_blocker):
    listener = Listener()
    ring_with(listener)
    try:
        with django_db_blocker.unblock(), transaction.atomic():
            ring_after_commit("timers")
            assert listener.heard == []
        ring_in("delivery", 0.5)
    finally:
        ring_with(None)
    assert listener.heard == ["timers", ("later", "delivery")]
