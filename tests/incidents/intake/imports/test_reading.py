from pathlib import Path

import pytest

from incidents.errors import BadInput
from incidents.intake.imports.reading import Problem, columns_of, read_rows


def rows(tmp_path, name, content):
    path = tmp_path / name
    path.write_bytes(content)
    with path.open("rb") as file:
        return [(r.line, dict(r.values), r.problems) for r in read_rows(path, file)]


@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_a_tables_separator_is_found_in_its_head(tmp_path, separator):
    content = f"\ufeffid{separator}title\n1{separator}a\n".encode()

    assert rows(tmp_path, "a.csv", content) == [(2, {"id": "1", "title": "a"}, ())]


def test_a_row_over_several_lines_is_named_by_its_first(tmp_path):
    content = b'id,title\n1,"a\nb"\n\n2,c\n'

    found = rows(tmp_path, "a.csv", content)

    assert [(line, values["title"]) for line, values, _ in found] == [
        (2, "a\nb"),
        (5, "c"),
    ]


def test_a_row_with_too_many_cells_is_refused_and_the_next_is_read(tmp_path):
    found = rows(tmp_path, "a.csv", b"id,title\n1,a,b\n2,c\n")

    remedy = (
        "The row has 3 cells and the head 2; "
        "put cells that hold the separator in quotes."
    )
    assert found == [
        (2, {"id": "1", "title": "a"}, (Problem("row", "b", remedy),)),
        (3, {"id": "2", "title": "c"}, ()),
    ]


def test_bytes_that_are_no_text_are_refused(tmp_path):
    [(line, _, problems)] = rows(tmp_path, "a.csv", b"id,title\n1,caf\xe9\n")

    remedy = "Save the file as UTF-8, without U+0000."
    assert (line, problems) == (2, (Problem("title", "caf?", remedy),))


def test_each_line_of_json_stands_alone(tmp_path):
    content = b'{"id": 1, "a": {"b": "c"}}\n\n{"id":\n[1]\n{"t": "\\u0000"}\n'

    found = rows(tmp_path, "a.jsonl", content)

    assert [(line, [p.remedy for p in problems]) for line, _, problems in found] == [
        (1, []),
        (3, ["Write one JSON object on each line."]),
        (4, ["Write a JSON object, not a bare value."]),
        (5, ["Save the file as UTF-8, without U+0000."]),
    ]


def test_a_dotted_path_leads_into_an_object(tmp_path):
    path = tmp_path / "a.jsonl"
    path.write_bytes(b'{"a": {"b": "c"}, "d.e": "f"}')
    with path.open("rb") as file:
        [row] = read_rows(path, file)

    assert (row.at("a.b"), row.at("d.e"), row.at("a.x.y")) == ("c", "f", None)


def test_another_kind_of_file_is_refused(tmp_path):
    with (tmp_path / "a.xlsx").open("wb+") as file, pytest.raises(BadInput) as refused:
        read_rows(Path("a.xlsx"), file)

    assert (
        refused.value.remedy == "Name a file that ends in .csv, .jsonl, .ndjson, .tsv."
    )


def test_the_columns_are_told_and_the_file_can_be_read_from_its_start(tmp_path):
    path = tmp_path / "a.csv"
    path.write_bytes(b"id, title\n1,a\n")
    with path.open("rb") as file:
        assert columns_of(path, file) == ["id", "title"]
        assert [row.line for row in read_rows(path, file)] == [2]
