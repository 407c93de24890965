import socket

import pytest

from config.ports import PortTaken, choose_port, is_free


@pytest.fixture
def taken_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        yield listener.getsockname()[1]


def test_taken_default_gives_the_next_free_port(taken_port):
    chosen = choose_port(None, default=taken_port)
    assert chosen > taken_port
    assert is_free(chosen)


def test_taken_explicit_port_is_an_error(taken_port):
    with pytest.raises(PortTaken) as caught:
        choose_port(taken_port, default=8000)
    assert str(caught.value) == (
        f"Port {taken_port} is taken; name another one with --port."
    )


def test_free_explicit_port_is_taken_as_it_is(taken_port):
    free = choose_port(None, default=taken_port)
    assert choose_port(free, default=8000) == free
