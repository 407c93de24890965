import os
import signal
import stat
import subprocess
import sys
import time

import psycopg
import pytest
import redis

from config.embedded import OWNER_ROLE, RUNTIME_ROLE, Valkey
from config.ports import SOCKET_PATH_LIMIT_BYTES, socket_folder
from config.processes import is_running, processes_inside, wait_until
from config.programs import ServerFailed, find_postgres


def postmaster_pid(server):
    return int((server.folder / "postmaster.pid").read_text().split()[0])


def write_note(server, text):
    with psycopg.connect(server.url(OWNER_ROLE), autocommit=True) as connection:
        connection.execute("CREATE TABLE IF NOT EXISTS note (text text)")
        connection.execute("INSERT INTO note VALUES (%s)", [text])


def read_notes(server):
    with psycopg.connect(server.url(OWNER_ROLE)) as connection:
        return [row[0] for row in connection.execute("SELECT text FROM note")]


def test_restart_keeps_data(data, make_postgres):
    first = make_postgres(data)
    first.start()
    write_note(first, "kept")
    first.stop()
    second = make_postgres(data)
    second.start()
    assert read_notes(second) == ["kept"]


def test_stop_leaves_no_process(data, make_postgres):
    server = make_postgres(data)
    server.start()
    pid = postmaster_pid(server)
    server.stop()
    assert not is_running(pid)
    assert processes_inside(server.folder) == []
    assert not (server.folder / "postmaster.pid").exists()


def test_commits_are_durable(data, make_postgres):
    server = make_postgres(data)
    server.start()
    shown = server.run_sql("SHOW fsync; SHOW synchronous_commit; SHOW data_checksums")
    assert shown.split() == ["on", "on", "on"]


def test_runtime_role_cannot_make_tables(data, make_postgres):
    server = make_postgres(data)
    server.start()
    with (
        psycopg.connect(server.url(RUNTIME_ROLE)) as connection,
        pytest.raises(psycopg.errors.InsufficientPrivilege),
    ):
        connection.execute("CREATE TABLE mine (id int)")


def test_killed_server_starts_again_with_its_data(data, make_postgres):
    server = make_postgres(data)
    server.start()
    write_note(server, "before")
    os.kill(postmaster_pid(server), signal.SIGKILL)
    assert wait_until(lambda: not server.is_alive(), seconds=5)
    server.start()
    assert read_notes(server) == ["before"]


def test_stale_lock_of_a_stranger_is_recovered(data, make_postgres):
    server = make_postgres(data)
    server.start()
    lock = (server.folder / "postmaster.pid").read_text()
    server.stop()
    stranger = subprocess.Popen(
        [sys.executable, "-c", "input()"], stdin=subprocess.PIPE
    )
    with stranger:
        lines = [str(stranger.pid), *lock.splitlines()[1:]]
        (server.folder / "postmaster.pid").write_text("\n".join(lines) + "\n")
        server.start()
        assert server.is_ready()
        assert stranger.poll() is None
        stranger.communicate(b"\n")


def test_stale_lock_of_a_zombie_is_recovered(data, make_postgres):
    server = make_postgres(data)
    server.start()
    lock = (server.folder / "postmaster.pid").read_text()
    server.stop()
    zombie = subprocess.Popen([sys.executable, "-c", ""])
    assert wait_until(lambda: not is_running(zombie.pid), seconds=10)
    lines = [str(zombie.pid), *lock.splitlines()[1:]]
    (server.folder / "postmaster.pid").write_text("\n".join(lines) + "\n")
    server.start()
    assert server.is_ready()
    zombie.wait()


def test_running_server_is_adopted(data, make_postgres):
    first = make_postgres(data)
    first.start()
    second = make_postgres(data)
    second.start()
    second.stop()
    assert wait_until(lambda: not first.is_alive(), seconds=5)


def test_long_path_puts_sockets_in_a_private_folder(data, make_postgres):
    deep = data / ("d" * SOCKET_PATH_LIMIT_BYTES)
    server = make_postgres(deep)
    server.start()
    assert server.sockets == socket_folder(deep) != deep / "run"
    assert stat.S_IMODE(server.sockets.stat().st_mode) == 0o700
    with psycopg.connect(server.url(RUNTIME_ROLE)) as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)


def test_foreign_folder_for_sockets_is_refused(data, tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    deep = data / ("d" * SOCKET_PATH_LIMIT_BYTES)
    socket_folder(deep).chmod(0o777)
    with pytest.raises(ServerFailed, match="belongs to somebody else"):
        socket_folder(deep)


def test_data_of_another_version_is_refused(data, make_postgres):
    server = make_postgres(data)
    server.start()
    server.stop()
    (server.folder / "PG_VERSION").write_text("9\n")
    with pytest.raises(ServerFailed, match="was made by PostgreSQL 9"):
        make_postgres(data).start()


def test_chosen_folder_without_programs_is_refused(tmp_path):
    with pytest.raises(ServerFailed, match=r"^TOCSIN_POSTGRES_BIN names no PostgreSQL"):
        find_postgres(tmp_path)


def test_valkey_keeps_data_when_killed(data):
    server = Valkey(data)
    server.start()
    with redis.Redis.from_url(server.addresses()["REDIS_URL"]) as client:
        client.set("note", "kept")
        pid = client.info("server")["process_id"]
    time.sleep(1.1)  # the append-only file is synchronised every second
    os.kill(pid, signal.SIGKILL)
    assert wait_until(lambda: not server.is_alive(), seconds=5)
    server.start()
    with redis.Redis.from_url(server.addresses()["REDIS_URL"]) as client:
        assert client.get("note") == b"kept"
    server.stop()
    assert not server.is_ready()
