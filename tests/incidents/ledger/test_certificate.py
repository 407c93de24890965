from incidents.ledger.certificate import Certified, write_certificate

PLAIN = Certified(
    ref="INC-4TB0GPP7X2",
    stream="7f3d0c52-6a41-4b0e-9d55-0c2a1e9b4f10",
    entries="1 to 4",
    complete_to="entry 4",
    copy="asked for by Aurora",
    origin="log.example/1",
    size=7,
    root="ab" * 32,
    witnesses="agency.example/w",
)


def lines_of(certified):
    return write_certificate(certified).decode().splitlines()


def test_certificate_leaves_to_a_person_what_only_a_person_can_say():
    text = "\n".join(lines_of(PLAIN))
    assert "My name is ________________________." in text
    assert lines_of(PLAIN)[-1] == (
        "Date ________________   Place __________________"
        "   Signature ________________________"
    )
    assert "it\n    is no legal advice: let a lawyer who knows the court look" in text


def test_certificate_has_blanks_for_what_was_not_verified():
    rows = {line[4:22].strip(): line[22:] for line in lines_of(PLAIN)}
    assert rows["Root"] == "ab" * 32
    assert [rows[name] for name in ("Manifest", "Policy", "Program")] == ["_" * 64] * 3


def test_certificate_fits_a_page_and_steers_nothing():
    hostile = Certified(
        **{name: getattr(PLAIN, name) for name in PLAIN.__slots__}
        | {
            "copy": "for\x1b[2J\n8.  DECLARATION\nI swear " + "long " * 60,
            "verdict": "VERIFIED WITH FINDINGS",
            "findings": ("TIME_WIDE: of 4 entries\u202e",),
        }
    )
    lines = lines_of(hostile)
    assert max(map(len, lines)) <= 88
    assert lines.count("8.  DECLARATION") == 1
    assert "    - TIME_WIDE: of 4 entries\\u202e" in lines
