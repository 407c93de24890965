import signal
import socket
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from incidents.ledger.checkpoint import Checkpoint, open_checkpoint
from incidents.ledger.merkle import leaf_hash, root
from incidents.ledger.signer_client import (
    SignerRefused,
    SignerUnavailable,
    is_separated,
    keys_beside,
    public_keys,
    sign,
)
from tests.incidents.ledger.running_signer import LEAVES, ORIGIN, Running


def test_signer_signs_what_extends_the_last_head(signer: Running) -> None:
    assert signer.ask(0, 3).checkpoint.size == 3
    assert signer.ask(3, 5).checkpoint.size == 5
    assert signer.ask(5, 5).checkpoint.size == 5  # a heartbeat, or the answer was lost


def test_signer_keeps_its_secrets_from_others(signer: Running) -> None:
    modes = {
        path.name: path.stat().st_mode & 0o777
        for path in (signer.home, signer.home / "keys" / "0001.seed", signer.socket)
    }
    assert modes == {"signer": 0o700, "0001.seed": 0o600, "s.sock": 0o600}
    assert not is_separated(signer.socket)


@pytest.mark.parametrize(
    ("old", "size", "changed", "why"),
    [
        (3, 5, 4, "does not show that 3 is extended"),
        (3, 3, 1, "another head of size 3 is signed"),
        (0, 2, None, "size 2 was passed: 3 is signed"),
        (2, 5, None, "must begin at size 3"),
    ],
    ids=["wrong proof", "fork", "restored database", "other beginning"],
)
def test_signer_refuses_what_contradicts_it(
    signer: Running, old: int, size: int, changed: int | None, why: str
) -> None:
    signer.ask(0, 3)
    leaves = list(LEAVES)
    if changed is not None:
        leaves[0] = leaf_hash(b"another")
    with pytest.raises(SignerRefused, match=why):
        signer.ask(old, size, leaves)
    assert signer.ask(3, 5).checkpoint.size == 5


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"[]\n",
        b"not json\n",
        b'{"size": 1}\n',
        b'{"old_size": 0, "proof": [], "size": -1, "root": "00"}\n',
        b'{"old_size": 0, "proof": ["zz"], "size": 1, "root": "%s"}\n' % (b"0" * 64),
        b'{"old_size": true, "proof": [], "size": 1, "root": "%s"}\n' % (b"0" * 64),
        b"[" * 60_000 + b"\n",
        b"x" * 65_537,
    ],
)
def test_signer_answers_garbage_with_an_error(signer: Running, line: bytes) -> None:
    assert signer.says(line).keys() == {"error"}
    assert signer.ask(0, 1).checkpoint.size == 1


def test_signer_that_was_killed_knows_what_it_signed(signer: Running) -> None:
    signer.ask(0, 3)
    signer.kill()
    with pytest.raises(SignerUnavailable, match="does not answer"):
        signer.ask(3, 5)
    signer.start()
    with pytest.raises(SignerRefused, match="3 is signed"):
        signer.ask(0, 2)
    assert signer.ask(3, 3).checkpoint.size == 3
    assert signer.ask(3, 5).checkpoint.size == 5


def test_hung_client_delays_nobody(signer: Running) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as hung:
        hung.connect(str(signer.socket))
        hung.sendall(b'{"old_size"')
        assert signer.ask(0, 3).checkpoint.size == 3


def test_of_two_forks_asked_at_once_one_is_signed(signer: Running) -> None:
    signer.ask(0, 3)
    forks = [[*LEAVES[:3], leaf_hash(b"fork %d" % n), *LEAVES[4:]] for n in range(8)]

    def ask(leaves: list[bytes]) -> int:
        try:
            return signer.ask(3, 5, leaves).checkpoint.size
        except SignerRefused:
            return 0

    with ThreadPoolExecutor(8) as pool:
        assert sorted(pool.map(ask, forks)) == [0] * 7 + [5]


def test_state_that_is_gone_stops_the_start(signer: Running) -> None:
    signer.ask(0, 3)
    signer.kill()
    (signer.home / "signed.json").unlink()
    said = signer.run("--socket", str(signer.socket))
    assert "start-at SIZE ROOT" in said
    size, head = "3", root(LEAVES[:3]).hex()
    assert f"signed 3 {head}" in signer.run("start-at", size, head)
    signer.start()
    assert signer.ask(3, 5).checkpoint.size == 5


def test_folder_signs_for_one_origin_only(signer: Running) -> None:
    signer.kill()
    said = signer.run("--socket", str(signer.socket), "--origin", "other.example/log")
    assert f"signs for {ORIGIN}, not for other.example/log" in said


def test_new_name_has_a_fresh_key_and_a_memory_of_its_own(signer: Running) -> None:
    old = public_keys(signer.socket)
    signer.ask(0, 3)
    signer.kill()
    said = signer.run("--socket", str(signer.socket), "new-log", "log.example/2")
    (new,) = public_keys(signer.socket)
    assert said.startswith(f"{new.vkey()}\nsigned 0 ")
    assert (new.name, new.public == old[0].public) == ("log.example/2", False)
    # The old memory is kept, with the keys that nobody is to use.
    aside = signer.home / "ended" / "1"
    assert '"size": 3' in (aside / "signed.json").read_text()
    assert (aside / "keys" / "0001.seed").exists()
    signer.origin = "log.example/2"
    signer.start()


@pytest.mark.parametrize("moved", [1, 2, 3])
def test_change_of_the_name_that_was_interrupted_goes_on(
    signer: Running, moved: int
) -> None:
    signer.kill()
    aside = signer.home / "ended" / "1"
    aside.mkdir(parents=True)
    for name in ("signed.json", "keys", "origin")[:moved]:
        (signer.home / name).rename(aside / name)
    for _ in range(2):  # said once more it changes nothing
        said = signer.run("new-log", "log.example/2")
        assert said.startswith("log.example/2+")
    assert sorted(path.name for path in aside.iterdir()) == [
        "keys",
        "origin",
        "signed.json",
    ]
    assert not (signer.home / "ended" / "2").exists()


def test_key_that_others_can_read_is_not_used(signer: Running) -> None:
    (signer.home / "keys" / "0001.seed").chmod(0o640)
    with pytest.raises(SignerRefused, match="chmod 600"):
        signer.ask(0, 1)


def test_both_keys_sign_while_one_replaces_the_other(signer: Running) -> None:
    old = public_keys(signer.socket)[0]
    signer.run("--socket", str(signer.socket), "add-key")
    both = public_keys(signer.socket)
    assert both[0] == old
    assert len(signer.ask(0, 3).note.signatures) == 2
    head = Checkpoint(ORIGIN, 3, root(LEAVES[:3]))
    lines = sign(signer.socket, 3, [], 3, head.root)
    note = f"{head.text}\n{''.join(lines)}"
    # Who knows only the old key, or only the new one, goes on believing.
    for key in both:
        opened = open_checkpoint(note, origin=ORIGIN, log_keys=[key])
        assert opened.checkpoint == head
    signer.run("--socket", str(signer.socket), "destroy-key", old.id.hex())
    assert public_keys(signer.socket) == both[1:]
    assert len(signer.ask(3, 5).note.signatures) == 1


def test_only_key_is_not_destroyed(signer: Running) -> None:
    key = public_keys(signer.socket)[0]
    assert "the only key" in signer.run("destroy-key", key.id.hex())
    assert public_keys(signer.socket) == (key,)


DEVICE = """
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

class Card:
    def __init__(self):
        self._key = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
        self.public = self._key.public_key().public_bytes_raw()

    def sign(self, message):
        return self._key.sign(message)
"""


def test_device_signs_without_a_seed_on_the_disk(tmp_path: Path) -> None:
    (tmp_path / "card.py").write_text(DEVICE)
    running = Running(tmp_path).start("--device", "card.Card")
    assert running.process
    assert running.ask(0, 3).checkpoint.size == 3
    assert not list(running.home.glob("keys/*"))
    running.process.send_signal(signal.SIGTERM)
    assert running.process.wait(timeout=10) == 0


def test_answer_of_no_signer_is_unavailable(tmp_path: Path) -> None:
    missing = tmp_path / "no.sock"
    with pytest.raises(SignerUnavailable):
        sign(missing, 0, [], 1, bytes(32))
    with pytest.raises(SignerUnavailable):
        public_keys(missing)
    assert not is_separated(missing)
    assert keys_beside(missing).name == "no.sock.vkeys"
