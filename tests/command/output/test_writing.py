"""Formats: what programs read is what was there."""

import csv
import io
import json

import pytest
import yaml

from chamber.command.output.columns import WORKLOADS
from chamber.command.session import FORMATS, Session
from chamber.core import JobStatus, Workload

NAMES = ["plain", 'quo"ted, twice', "two\nlines", "Straße ☃", "\x1b[31mred"]
WORK = [
    Workload(id=f"wl_{place}", name=name, status=JobStatus.RUNNING, tags={"a": [1, None]}, extra={"own": place})
    for place, name in enumerate(NAMES)
]


@pytest.fixture
def written(capsys):
    """What `show_all` writes in a format."""

    def written(output, values, columns=WORKLOADS):
        session = Session()
        session.output = output
        session.show_all(values, columns)
        return capsys.readouterr().out

    return written


@pytest.mark.parametrize(
    ("output", "read"),
    [
        ("json", json.loads),
        ("yaml", yaml.safe_load),
        ("jsonl", lambda text: [json.loads(line) for line in text.splitlines()]),
    ],
)
def test_what_is_written_reads_back_the_same(written, output, read):
    assert read(written(output, WORK)) == [work.to_dict() for work in WORK]


def test_csv_has_the_declared_fields_and_nested_values_as_json(written):
    rows = list(csv.DictReader(io.StringIO(written("csv", WORK), newline="")))
    assert [row["name"] for row in rows] == NAMES
    assert list(rows[0])[:3] == ["id", "name", "status"]
    assert "own" not in rows[0]
    assert json.loads(rows[0]["tags"]) == {"a": [1, None]}
    assert rows[0]["failure_reason"] == ""


def test_lines_of_tabs_have_headings_and_a_line_for_each(written):
    lines = written("table", WORK).splitlines()
    assert lines[0].split("\t") == list(WORKLOADS)
    assert [line.split("\t")[1] for line in lines[1:]] == [
        "plain",
        'quo"ted, twice',
        "two lines",
        "Straße ☃",
        "?[31mred",
    ]
    assert all(line.count("\t") == len(WORKLOADS) - 1 for line in lines)


@pytest.mark.parametrize(("output", "text"), [("json", "[]\n"), ("yaml", "[]\n"), ("jsonl", ""), ("csv", "")])
def test_nothing_is_written_as_nothing(written, output, text):
    assert written(output, []) == text


def test_headings_are_there_where_there_is_nothing_else(written):
    assert written("table", []) == "\t".join(WORKLOADS) + "\n"


def test_each_row_is_written_when_it_is_there(written, capsys):
    seen = []

    def slowly():
        for work in WORK:
            seen.append(capsys.readouterr().out)
            yield work

    written("jsonl", slowly())
    assert json.loads(seen[1])["id"] == "wl_0"


@pytest.mark.parametrize("output", FORMATS)
def test_one_value_is_written_in_every_format(output, capsys):
    session = Session()
    session.output = output
    session.show(WORK[0])
    text = capsys.readouterr().out
    assert "wl_0" in text
    if output == "table":
        assert text.splitlines()[:3] == ["id\twl_0", "name\tplain", "status\tRUNNING"]
    if output == "json":
        assert list(json.loads(text))[:3] == ["id", "name", "status"]


def test_the_parts_of_a_value_are_rows_except_where_it_can_be_written_whole(capsys):
    for output, expected in (("json", {"whole": 1}), ("jsonl", {"part": 2})):
        session = Session()
        session.output = output
        session.show_parts({"whole": 1}, [{"part": 2}], {"part": lambda row: row["part"]}, "text")
        assert json.loads(capsys.readouterr().out) == expected
