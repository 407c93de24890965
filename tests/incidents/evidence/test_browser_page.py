import hashlib
import re
from base64 import b64encode

import pytest
from django.test import Client

from incidents.evidence.browser_page import page, policy
from incidents.ledger.verify.verdict import Code, Doubt

ADDRESS = "/log/verify/"
# What the page does not compare, and says so.
LEFT_TO_THE_PROGRAM = {Code.ACK_SIGNATURE, Doubt.ACK_UNSIGNED, Doubt.STAMP_UNTRUSTED}


def part(tag):
    return re.search(f"<{tag}>(.*)</{tag}>", page().decode(), re.DOTALL)[1]


def source_of(text):
    return f"'sha256-{b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def test_page_may_run_its_own_script_and_reach_nothing():
    assert policy() == (
        f"default-src 'none'; script-src {source_of(part('script'))}; "
        f"style-src {source_of(part('style'))}; base-uri 'none'; form-action 'none'"
    )
    head = page().decode().split("<style>")[0]
    assert f'<meta http-equiv="Content-Security-Policy" content="{policy()}">' in head


def test_page_is_one_file_that_names_no_other():
    text = page().decode()
    assert re.findall(r"(?:src|href)=", text) == []
    assert re.findall(r"https?:|fetch\(|XMLHttp|WebSocket|sendBeacon", text) == []


def test_page_never_writes_markup():
    assert re.findall("innerHTML|outerHTML|insertAdjacent|eval", part("script")) == []


def test_page_says_each_code_in_the_words_of_the_program():
    said = dict(re.findall(r'^  ([A-Z_]+): "(.*)",$', part("script"), re.MULTILINE))
    wanted = {
        code.name: f"{code.value[0].upper()}{code.value[1:]}."
        for code in set(Code) - LEFT_TO_THE_PROGRAM
        if code is not Code.TOO_LARGE  # a browser takes less
    }
    assert {name: said.get(name) for name in wanted} == wanted


def test_page_says_each_doubt_in_the_words_of_the_program():
    said = dict(re.findall(r'^  ([A-Z_]+): "(.*)",$', part("script"), re.MULTILINE))
    wanted = {one.name: one.value for one in set(Doubt) - LEFT_TO_THE_PROGRAM}
    assert {name: said.get(name) for name in wanted} == wanted


@pytest.mark.django_db
def test_anybody_gets_the_page_and_may_keep_it():
    answer = Client().get(ADDRESS)
    assert (answer.status_code, answer.content) == (200, page())
    assert answer["Content-Security-Policy"] == policy()
    kept = Client().get(f"{ADDRESS}?download")
    assert kept["Content-Disposition"] == 'attachment; filename="tocsin-verify.html"'
