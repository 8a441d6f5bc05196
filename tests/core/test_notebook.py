"""How models look in a notebook."""

import html.parser
import json
import pickle
import subprocess
import sys
from datetime import UTC, datetime

import msgspec
import pytest

from chamber.core import Capacity, CapacityPool, NotFoundError, PaginatedResponse, Workload, WorkloadSearchResult
from chamber.core.enums import JobStatus
from chamber.core.listed import Listed, Named
from chamber.core.many import WorkloadBatch
from chamber.core.notebook import table
from chamber.core.redaction import Secret

EVIL = '<script>alert("x")</script><img src=x onerror=alert(1)>\' onmouseover="y"'
WHEN = datetime(2026, 1, 15, 10, 30, tzinfo=UTC)


def workload(name="train", **fields):
    return Workload(id=f"wl_{name}", name=name, status=JobStatus.RUNNING, **fields)


class Page(html.parser.HTMLParser):
    """The rows of text, the tags and the attributes of a page, which must be well formed."""

    def __init__(self, text):
        super().__init__()
        self.rows, self.tags, self.attributes, self.captions, self._open = [], set(), set(), [], []
        self.feed(text)
        self.close()
        assert self._open == []

    def handle_starttag(self, tag, attrs):
        self._open.append(tag)
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}
        if tag == "tr":
            self.rows.append([])
        if tag in {"td", "th"}:
            self.rows[-1].append("")

    def handle_endtag(self, tag):
        assert self._open.pop() == tag

    def handle_data(self, data):
        if self._open[-1] == "caption":
            self.captions.append(data)
        elif self.rows and self.rows[-1]:
            self.rows[-1][-1] += data


def hostile():
    row = workload(EVIL, metadata={EVIL: EVIL}, tags={"a": [EVIL]}, failure_reason=EVIL, extra={EVIL: {EVIL: EVIL}})
    return {
        "a model": row,
        "an unknown status": Workload(id=EVIL, name="a", status=JobStatus(EVIL)),
        "a page": PaginatedResponse(items=[row]),
        "a page of what is no model": PaginatedResponse(items=[EVIL, {EVIL: EVIL}]),
        "a search": WorkloadSearchResult(items=[row]),
        "a list": Listed([row]),
        "a dict": Named({EVIL: EVIL}),
        "a batch": WorkloadBatch({EVIL: row}, {EVIL: NotFoundError(EVIL)}),
        "a model with rows": Capacity(pools=[CapacityPool(id=EVIL, instance_types=[EVIL])]),
    }


@pytest.mark.parametrize("value", hostile().values(), ids=hostile())
def test_no_value_becomes_markup(value):
    page = Page(value._repr_html_())
    assert page.tags <= {"table", "caption", "thead", "tbody", "tr", "th", "td"}
    assert page.attributes == {"style"}
    assert any("<script>" in cell for row in page.rows for cell in row)


@pytest.mark.parametrize("value", hostile().values(), ids=hostile())
def test_a_page_needs_nothing_from_elsewhere(value):
    markup = value._repr_html_()
    assert "http" not in markup
    assert "url(" not in markup


def test_a_model_is_a_row_for_each_field_that_says_something():
    page = Page(workload(requested_gpus=0.5, submitted_at=WHEN, tags={"team": "ml", "deep": {"a": 1}})._repr_html_())
    assert page.captions == ["Workload"]
    assert page.rows == [
        ["id", "wl_train"],
        ["name", "train"],
        ["status", "RUNNING"],
        ["requested_gpus", "0.5"],
        ["submitted_at", "2026-01-15 10:30:00 UTC"],
        ["tags", "team ml, deep a 1"],
    ]


def test_what_was_not_understood_is_shown_without_its_nulls():
    page = Page(workload(extra={"color": "red", "cluster": None})._repr_html_())
    assert page.rows[-1] == ["extra", "color red"]


def test_the_rows_within_a_model_are_a_table():
    pools = [CapacityPool(id="p1", total_gpus=8), CapacityPool(id="p2", instance_types=["a", "b"])]
    page = Page(Capacity(pools=pools)._repr_html_())
    assert page.rows[1:] == [["id", "total_gpus", "instance_types"], ["p1", "8", ""], ["p2", "", "a, b"]]


@pytest.mark.parametrize("kind", [PaginatedResponse, WorkloadSearchResult])
def test_a_page_of_a_list_is_a_row_for_each_item(kind):
    items = [workload("a"), workload("b", gpu_type="H100")]
    page = Page(kind(items=items, total_count=125)._repr_html_())
    assert page.captions == ["2 of 125 workloads"]
    assert page.rows[0] == ["id", "name", "status", "gpu_type"]
    assert page.rows[1:] == [["wl_a", "a", "RUNNING", ""], ["wl_b", "b", "RUNNING", "H100"]]


def test_columns_are_in_the_order_of_the_fields_whichever_row_has_them():
    page = Page(PaginatedResponse(items=[workload(exit_code=0), workload(gpu_type="H100")])._repr_html_())
    assert page.rows[0] == ["id", "name", "status", "gpu_type", "exit_code"]


def test_a_list_is_a_row_for_each_item_and_otherwise_a_list():
    rows = [workload("a"), workload("b", gpu_type="H100")]
    listed = Listed(rows)
    page = Page(listed._repr_html_())
    assert (page.captions, len(page.rows)) == (["2 workloads"], 3)
    assert listed == rows
    assert (repr(listed), pickle.loads(pickle.dumps(listed)), type(listed[:1])) == (repr(rows), rows, list)
    assert msgspec.json.encode(listed) == msgspec.json.encode(rows)
    assert Page(Listed()._repr_html_()).captions == ["0 items"]


def test_a_dict_is_a_row_for_each_name_and_otherwise_a_dict():
    named = Named({"prod": "ghcr.io/acme", EVIL: EVIL})
    assert Page(named._repr_html_()).rows == [["prod", "ghcr.io/acme"], [EVIL, EVIL]]
    assert repr(named) == repr(dict(named))
    assert json.loads(json.dumps(named)) == named


def test_an_empty_page_says_so():
    assert Page(PaginatedResponse(items=[])._repr_html_()).captions == ["0 items"]


def test_a_batch_shows_what_could_not_be_read():
    batch = WorkloadBatch({"wl_a": workload("a")}, {"wl_b": NotFoundError("There is no such workload")})
    page = Page(batch._repr_html_())
    assert page.captions == ["1 workload", "1 could not be read"]
    assert page.rows[-1] == ["wl_b", "NotFoundError", "There is no such workload"]
    assert Page(WorkloadBatch(batch.found, {})._repr_html_()).captions == ["1 workload"]


def test_a_long_table_is_cut_and_says_so():
    page = Page(table("rows", [{"n": str(n)} for n in range(250)]))
    assert (len(page.rows), page.captions) == (101, ["rows: the first 100 of 250"])


def test_a_text_is_cut_before_it_is_escaped():
    ((_,), (shown,)) = Page(table("", [{"text": "&" * 300}])).rows
    assert shown == "&" * 199 + "…"


def test_the_repr_leaves_out_what_is_as_it_always_is():
    shown = repr(workload(tags={}, exit_code=0, extra={"color": "red", "cluster": None}))
    assert shown == "Workload(id='wl_train', name='train', status='RUNNING', exit_code=0, extra={'color': 'red'})"
    assert repr(WorkloadSearchResult(items=[])) == "WorkloadSearchResult(items=[])"


def test_html_is_loaded_only_when_it_is_made():
    program = """
import sys
from chamber.core.models import HealthStatus
repr(HealthStatus(status="ok"))
assert not {"chamber.core.notebook", "html"} & sys.modules.keys()
"""
    subprocess.run([sys.executable, "-c", program], check=True)


def test_no_secret_is_in_a_table_or_a_repr():
    kept = Secret("sesame-opens-4711")
    workload = Workload(
        id="wl_1", name="a", status=JobStatus.RUNNING, metadata={"note": "c2VzYW1lLW9wZW5zLTQ3MTE= sesame-opens-4711"}
    )
    shown = f"{workload!r} {workload._repr_html_()} {table('', [workload])}"
    assert "sesame" not in shown
    assert "c2VzYW1l" not in shown
    assert shown.count("note *** ***") == 2
    assert kept
