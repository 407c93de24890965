"""What the front takes in, what it hands to the site, and how it says no."""

import asyncio
import time
from io import BytesIO
from tempfile import SpooledTemporaryFile

import pytest
from structlog.testing import capture_logs

from config.bodies import (
    SMALL_BYTES,
    NoRoom,
    Pace,
    Room,
    TooSlow,
    read_body,
    spool_body,
)
from config.body_limit import PLAIN_BYTES
from config.front import Front
from config.site_threads import MAX_WAITING, Busy, SiteThreads
from incidents.intake.arrivals import Verdict
from tests.config.front_world import Channel, Scope, ask_front

PACE = Pace(grace_seconds=0.2, bytes_a_second=1000)


def read(channel, **options):
    with Room(1_000_000).share() as share:
        options = {"share": share, **options}
        return asyncio.run(
            read_body(channel, **{"limit": 100_000, "pace": PACE} | options)
        )


def test_body_that_finds_no_room_is_refused():
    with pytest.raises(NoRoom), Room(150_000).share() as share:
        read(Channel([b"x" * 70_000] * 3), declared=None, limit=500_000, share=share)


@pytest.mark.parametrize("declared", [5, SMALL_BYTES + 1, None])
def test_body_that_trickles_is_given_up(declared):
    with pytest.raises(TooSlow):
        read(Channel([b"x"] * 20, pause=0.1), declared=declared)


def test_large_body_that_keeps_pace_may_take_longer_than_the_first_while():
    pieces = [b"x" * 1000] * 5
    body = read(Channel(pieces, pause=0.1), declared=None)
    assert (body.size_bytes, body.is_complete) == (5000, True)


def test_body_over_the_limit_is_cut_and_measured():
    channel = Channel([b"x" * 70_000] * 3)
    body = read(channel, declared=None)
    assert (len(body.data), body.size_bytes, body.is_complete) == (
        100_000,
        210_000,
        True,
    )


WHOLE = (
    '{"a": ["é\\n\\u00e9", -1.5e+7, true, false, null, {}], "b": {"c": []}}'.encode()
)


@pytest.mark.parametrize("size", range(1, len(WHOLE)))
def test_json_without_a_declared_length_that_breaks_off_is_not_whole(size):
    assert not read(Channel([WHOLE[:size]]), declared=None).is_complete


@pytest.mark.parametrize(
    "body",
    [
        WHOLE,
        b"",
        b"a=b",
        b"disk full: {",
        b'{"a": 1,}',
        b'{"a": "say "hi" now"}',
        b'{"a": 1}}',
        b'{"a": True}',
        b'{"a": "\\x"}',
        b'{"a": 1}\n\n',
        b"[" * 5000,
    ],
)
def test_other_body_without_a_declared_length_is_whole(body):
    assert read(Channel([body]), declared=None).is_complete


def test_room_is_given_back_and_more_than_it_is_refused():
    room = Room(10)
    with room.share() as one, room.share() as other:
        one.grow(6)
        with pytest.raises(NoRoom):
            other.grow(5)
        other.grow(4)
    with room.share() as again:
        again.grow(10)


def test_spooled_body_is_whole_and_no_longer_than_announced():
    async def spooled():
        pieces = [b"ab", b"cd", b"ef"]
        with (
            Room(100).share() as share,
            await spool_body(
                Channel(pieces), declared=5, pace=PACE, share=share
            ) as file,
        ):
            return file.read()

    assert asyncio.run(spooled()) == b"abcde"


def test_trickled_webhook_is_told_to_come_again():
    channel = Channel([b"{", b"}"], pause=0.3)
    status, headers, _ = ask_front("/hooks/generic/key", channel=channel, pace=PACE)
    assert (status, headers["Retry-After"]) == (503, "5")


def test_site_gets_the_request_as_wsgi_names_it():
    seen = {}

    def site(environ, start_response):
        seen.update(environ, body=environ["wsgi.input"].read())
        start_response("201 Created", [("X-Answer", "1")])
        return [b"o", b"k"]

    sent = {"host": "tocsin.example", "x_forwarded_for": "1.1.1.1", "cookie": "a=1"}
    answer = ask_front("/é", b"body", headers=sent, site=site, query_string="a=b")
    assert answer == (201, {"X-Answer": "1"}, b"ok")
    assert seen["PATH_INFO"] == "/Ã©"
    assert seen["body"] == b"body"
    names = ("QUERY_STRING", "HTTP_HOST", "HTTP_COOKIE", "REMOTE_ADDR", "SERVER_PORT")
    assert [seen[name] for name in names] == [
        "a=b",
        "tocsin.example",
        "a=1",
        "127.0.0.1",
        "8000",
    ]
    assert "HTTP_X_FORWARDED_FOR" not in seen


def test_body_that_is_too_large_for_the_site_is_not_read():
    seen = []

    def site(environ, start_response):
        seen.append(environ["wsgi.input"].read())
        start_response("413 Too Large", [])
        return []

    large = PLAIN_BYTES + 1
    headers = {"content-length": str(large)}
    assert ask_front("/x", b"x", headers=headers, site=site)[0] == 413
    assert seen == [b""]


def test_what_a_reporter_sends_is_never_on_a_disk():
    seen, body = [], b"x" * (3 * 1024 * 1024)

    def site(environ, start_response):
        stream = environ["wsgi.input"]
        seen.append((type(stream), stream.read()))
        start_response("200 OK", [])
        return []

    ask_front("/report/", body, site=site)
    ask_front("/other/", body, site=site)
    assert seen == [(BytesIO, body), (SpooledTemporaryFile, body)]


def test_file_is_sent_by_its_path_and_closed(tmp_path):
    opened = []

    def site(environ, start_response):
        opened.append((tmp_path / "file").open("rb"))
        start_response("200 OK", [])
        return environ["wsgi.file_wrapper"](opened[0], 8192)

    (tmp_path / "file").write_bytes(b"content")
    status, _, path = ask_front("/x", site=site)
    assert (status, path) == (200, str(tmp_path / "file"))
    assert opened[0].closed


def test_part_of_a_file_is_sent_from_memory(tmp_path):
    def site(environ, start_response):
        file = (tmp_path / "file").open("rb")
        file.seek(3)
        start_response("206 Partial Content", [])
        return environ["wsgi.file_wrapper"](file, 8192)

    (tmp_path / "file").write_bytes(b"content")
    assert ask_front("/x", site=site)[2] == b"tent"


def test_large_file_flows_to_its_thread_as_it_comes():
    seen = []

    def site(environ, start_response):
        body = environ["wsgi.input"]
        seen.append(len(channel.pieces_given))
        seen.extend([body.read(3), body.readline(), body.read()[-4:]])
        start_response("201 Created", [])
        return []

    channel = Channel([b"begin\n", *[b"x" * 65_536] * 20, b"end!"])
    headers = {"content-length": str(6 + 65_536 * 20 + 4)}
    path = "/api/v1/incidents/AUR-1/attachments/"
    assert ask_front(path, headers=headers, channel=channel, site=site)[0] == 201
    assert seen == [0, b"beg", b"in\n", b"end!"]


def test_site_that_fails_is_500():
    def site(environ, start_response):
        raise ValueError

    assert ask_front("/x", site=site)[0] == 500


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/hooks/generic/key", b"{}"),
        ("/am/key/api/v2/alerts", b"[]"),
        ("/am/key/api/v2/alerts", b"[" + b" " * SMALL_BYTES + b"]"),
    ],
)
def test_delivery_that_meets_a_fault_of_ours_is_told_to_come_again(path, body):
    def store(arrival):
        raise TypeError(arrival.body)

    with capture_logs() as logs:
        status, headers, _ = ask_front(path, body, store=store)
    assert (status, headers["Retry-After"]) == (503, "5")
    [line] = logs
    assert (line["event"], line["error"]) == ("delivery_not_answered", "TypeError")
    assert str(body) not in str(logs)


@pytest.mark.parametrize("path", ["/hooks/generic/key", "/am/key/api/v2/alerts"])
def test_chunked_delivery_that_breaks_off_is_told_to_come_again(path):
    stored = []
    headers = {"content-length": ""}
    status, told, _ = ask_front(path, b'[{"a"', headers=headers, store=stored.append)
    assert (status, told["Retry-After"], stored) == (503, "5", [])


def test_envelope_of_sns_with_odd_types_is_taken():
    body = b'{"Type": [], "SubscribeURL": 1}'
    assert (
        ask_front("/hooks/aws_sns/key", body, store=lambda _: Verdict.STORED)[0] == 202
    )


def test_full_site_is_busy_while_webhooks_are_taken():
    async def ask():
        async def stored(arrival):
            return Verdict.STORED

        tocsin = Front(slow_site, store=stored, ping=None, threads=1)
        pages = [Channel([b""]) for _ in range(MAX_WAITING + 2)]
        heads = Scope("/", headers={"content-length": "0"})
        asked = [asyncio.create_task(tocsin.__rsgi__(heads, one)) for one in pages]
        await asyncio.sleep(0)
        hook = Channel([b"{}"])
        head = Scope("/hooks/generic/key", headers={"content-length": "2"})
        await tocsin.__rsgi__(head, hook)
        assert hook.answer[0] == 202
        await asyncio.gather(*asked)
        return [page.answer for page in pages]

    def slow_site(environ, start_response):
        time.sleep(0.005)
        start_response("200 OK", [])
        return [b""]

    answers = asyncio.run(ask())
    assert [status for status, _, _ in answers] == [200] * (MAX_WAITING + 1) + [503]
    assert answers[-1][1]["Retry-After"] == "5"


def test_threads_are_free_again_after_an_error():
    async def ask():
        threads = SiteThreads(lambda *_: [], count=1)
        for _ in range(MAX_WAITING + 5):
            with pytest.raises(ZeroDivisionError):
                await threads.run(lambda: 1 / 0)
        with pytest.raises(Busy):
            await asyncio.gather(
                *(threads.run(lambda: None) for _ in range(MAX_WAITING + 5))
            )

    asyncio.run(ask())
