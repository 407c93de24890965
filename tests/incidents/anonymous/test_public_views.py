"""What a reporter without account, cookie and script can do."""

import re
from datetime import timedelta
from http import HTTPStatus

from django.core.signing import TimestampSigner
from django.test import Client

from incidents.anonymous.codes import (
    _CHECKS,
    _PRIME,
    _base32,
    _number,
    derive_code,
    show_code,
)
from incidents.anonymous.form_tokens import make_token
from incidents.anonymous.handling import answer
from incidents.anonymous.sealing import Seal
from incidents.anonymous.storing import read_bytes
from incidents.anonymous.uploads import MAX_FILE_BYTES
from incidents.events.actor import Actor
from incidents.models import AnonymousReport, ReportFile, ReportMessage
from tests import factories as make
from tests.incidents.anonymous.reporting import (
    INBOX,
    MESSAGE,
    REPORT,
    Desk,
    browser,
    code_in,
    fill_in,
    picture,
    send_report,
    token_in,
    upload,
)

_BAD = HTTPStatus.UNPROCESSABLE_ENTITY


def _texts() -> list[str]:
    rows = ReportMessage.objects.select_related("report").order_by("pk")
    return [Seal.of(row.report).text(row) for row in rows]


def test_report_is_stored_encrypted_for_the_chosen_organisation(desk: Desk):
    send_report()
    report = AnonymousReport.objects.get()
    assert report.organisation == desk.lab
    assert Seal.of(report).title(report) == "They hide an incident"
    assert _texts() == ["The weights were copied in March."]
    assert b"incident" not in bytes(report.title_sealed)


def test_code_is_stored_only_as_a_digest(desk: Desk):
    code = send_report().replace("-", "")
    values = [repr(value) for value in AnonymousReport.objects.values_list().get()]
    assert [value for value in values if code[:10] in value] == []


def test_code_opens_the_inbox_with_what_was_written(desk: Desk):
    code = send_report()
    page = browser().post(INBOX, {"code": code.lower().replace("-", " ")})
    text = page.content.decode()
    assert "The weights were copied in March." in text
    assert "Received, not opened yet" in text


def test_answer_of_a_handler_is_read_under_the_name_of_the_organisation(desk: Desk):
    code = send_report()
    _answer(desk, "We look into it.")
    text = browser().post(INBOX, {"code": code}).content.decode()
    assert "We look into it." in text
    assert "Aurora Labs" in text
    assert desk.handler.email not in text
    assert ReportMessage.objects.filter(by_reporter=False, read_at=None).count() == 0


def test_reporter_writes_again_and_a_form_sent_twice_counts_once(desk: Desk):
    code = send_report()
    token = token_in(browser().post(INBOX, {"code": code}))
    form = {"code": code, "token": token, "text": "One more thing."}
    answers = [browser().post(MESSAGE, form) for _ in range(2)]
    assert [page.status_code for page in answers] == [HTTPStatus.OK] * 2
    assert _texts() == ["The weights were copied in March.", "One more thing."]


def test_report_sent_twice_is_one_report_with_one_code(desk: Desk):
    token = token_in(browser().get(REPORT))
    assert send_report(token=token) == send_report(token=token)
    assert AnonymousReport.objects.count() == 1
    assert len(_texts()) == 1


def test_report_changed_and_sent_again_loses_nothing(desk: Desk):
    token = token_in(browser().get(REPORT))
    send_report(token=token)
    for _ in range(2):
        send_report(token=token, description="It was April.")
    assert _texts() == [
        "The weights were copied in March.",
        "They hide an incident\n\nIt was April.",
    ]


def test_wrong_code_and_code_of_nobody_answer_alike(desk: Desk):
    send_report()
    nobody = show_code_of_nobody()
    answers = [browser().post(INBOX, {"code": code}) for code in ("ABCD", nobody)]
    texts = [re.sub(r'value="[^"]*"', "", a.content.decode()) for a in answers]
    assert [a.status_code for a in answers] == [_BAD, _BAD]
    assert texts[0] == texts[1]


def show_code_of_nobody() -> str:
    return show_code(derive_code(b"another key", b"1"))


def test_form_open_for_over_a_day_is_shown_again_with_its_text(desk: Desk):
    signer = TimestampSigner(salt="incidents.anonymous.form_tokens")
    old = signer.sign("00" * 20)
    stale = old.split(":")[0] + ":1:" + old.split(":")[2]
    page = browser().post(REPORT, fill_in(token=stale))
    assert page.status_code == _BAD
    assert "The weights were copied in March." in page.content.decode()
    assert token_in(page) != stale
    assert AnonymousReport.objects.count() == 0


def test_missing_field_keeps_what_was_typed(desk: Desk):
    page = browser().post(REPORT, fill_in(title=""))
    assert page.status_code == _BAD
    assert "The weights were copied in March." in page.content.decode()


def test_picture_is_kept_without_its_metadata_and_its_name(desk: Desk):
    file = upload(picture(), "Janes phone 2026.jpg")
    page = browser().post(REPORT, fill_in(attachments=[file]))
    row = ReportFile.objects.get()
    data = read_bytes(row, seal=Seal.of(AnonymousReport.objects.get()))
    assert (row.filename, row.is_cleaned, b"Telling" in data) == (
        "picture-1.jpg",
        True,
        False,
    )
    assert "written anew" in page.content.decode()


def test_file_on_disk_is_encrypted(desk: Desk, settings):
    send_report(attachments=[upload(b"a secret note", "x.txt")])
    [stored] = [p for p in settings.ATTACHMENTS_DIR.rglob("*") if p.is_file()]
    assert b"secret" not in stored.read_bytes()


def test_document_comes_with_a_warning(desk: Desk):
    file = upload(b"%PDF-1.7 /Author (Jane)", "x.pdf")
    page = browser().post(REPORT, fill_in(attachments=[file]))
    assert "it may name its author" in page.content.decode()


def test_file_that_is_too_large_is_said_and_nothing_is_sent(desk: Desk):
    files = [upload(b"x" * (MAX_FILE_BYTES + 1), "a.bin"), upload(b"y", "b.txt")]
    page = browser().post(REPORT, fill_in(attachments=files))
    assert page.status_code == _BAD
    assert "1 of your files had more than" in page.content.decode()
    assert AnonymousReport.objects.count() == 0


def test_form_larger_than_all_files_is_refused_before_it_is_read(desk: Desk):
    page = browser().post(REPORT, fill_in(), CONTENT_LENGTH="999999999")
    assert page.status_code == HTTPStatus.REQUEST_ENTITY_TOO_LARGE


def test_page_offers_only_desks_that_somebody_reads(desk: Desk):
    make.report_desk(make.lab("meridian"))
    agency = make.agency("naisa", name="Safety Agency")
    make.report_desk(agency, make.person(agency, role="officer"), takes_all=True)
    text = browser().get(REPORT).content.decode()
    assert re.findall(r'name="to" value="(\w+)"', text) == ["all", "aurora"]


def test_report_to_whom_it_may_concern_goes_to_the_agency_that_takes_all(desk: Desk):
    agency = make.agency("naisa", name="Safety Agency")
    make.report_desk(agency, make.person(agency, role="officer"), takes_all=True)
    send_report(to="all")
    assert AnonymousReport.objects.get().organisation == agency


def test_without_any_desk_the_page_says_that_nobody_reads(db):
    text = browser().get(REPORT).content.decode()
    assert "Nobody takes reports here yet." in text
    assert "<form" not in text


def test_pages_work_where_csrf_is_enforced_and_set_no_cookie(desk: Desk):
    client = Client(enforce_csrf_checks=True)
    first = client.get(REPORT)
    done = client.post(REPORT, fill_in(token=token_in(first)))
    opened = client.post(INBOX, {"code": code_in(done)})
    form = {"code": code_in(done), "token": token_in(opened), "text": "more"}
    last = client.post(MESSAGE, form)
    pages = [first, done, opened, last]
    assert [page.status_code for page in pages] == [HTTPStatus.OK] * 4
    assert [dict(page.cookies) for page in pages] == [{}] * 4


def test_pages_hold_no_script_no_drawing_no_style_and_nothing_from_elsewhere(
    desk: Desk,
):
    code = send_report()
    pages = [
        browser().get(REPORT),
        browser().post(REPORT, fill_in()),
        browser().get(INBOX),
        browser().post(INBOX, {"code": code}),
    ]
    for page in pages:
        text = page.content.decode()
        assert re.findall(r"<script|<svg|<img|<iframe| style=|\son\w+=", text) == []
        assert re.findall(r'(?:src|href|action)="(?:\w+:)?//[^"]*', text) == []
        assert page["Content-Security-Policy"].startswith("default-src 'none'; ")
        assert page["Referrer-Policy"] == "no-referrer"
        assert page["Cache-Control"] == "no-store"


def test_form_tokens_differ_and_a_changed_one_is_refused(desk: Desk):
    assert make_token() != make_token()
    page = browser().post(REPORT, fill_in(token=make_token() + "x"))
    assert page.status_code == _BAD


def test_flood_is_answered_503_with_the_text_kept(desk: Desk, settings):
    settings.REPORTS_PER_HOUR_EACH = 2
    for _ in range(2):
        send_report()
    page = browser().post(REPORT, fill_in())
    assert page.status_code == HTTPStatus.SERVICE_UNAVAILABLE
    assert 1 <= int(page["Retry-After"]) <= timedelta(minutes=30).total_seconds()
    assert "The weights were copied in March." in page.content.decode()
    assert AnonymousReport.objects.count() == 2


def test_guessing_one_beginning_of_a_code_ends_in_503_also_for_the_right_one(
    desk: Desk,
):
    code = send_report()
    body = code.replace("-", "")
    guesses = [_with_checks(body[:2], number) for number in range(20)]
    statuses = [browser().post(INBOX, {"code": g}).status_code for g in guesses]
    refused = browser().post(INBOX, {"code": code})
    assert statuses == [_BAD] * 20
    assert refused.status_code == HTTPStatus.SERVICE_UNAVAILABLE
    assert int(refused["Retry-After"]) <= 10


def _with_checks(start: str, number: int) -> str:
    """Returns a code of nobody whose checks are right."""
    body = start + _base32(number, 24)
    return body + _base32(_number(body) % _PRIME, _CHECKS)


def _answer(desk: Desk, text: str) -> None:
    answer(
        AnonymousReport.objects.get(),
        text=text,
        user=desk.handler,
        actor=Actor.of(desk.handler, desk.lab),
        now=make.NOW,
    )
