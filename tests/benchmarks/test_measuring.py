"""The harness of the benchmarks: turns, ratios, rows, and the server that they are measured against."""

import json
import sys
import urllib.request
from pathlib import Path

import pytest

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"


@pytest.fixture
def harness(monkeypatch):
    """The modules of the benchmarks, which find each other as scripts of one folder do."""
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    import measuring
    import results
    import serving

    return measuring, results, serving


def test_contestants_go_in_turn_in_an_order_that_changes(harness):
    measuring, _, _ = harness
    order = []
    contestants = {
        name: lambda name=name: order.append(name) or measuring.Sample(1.0, 1.0) for name in ("ours", "theirs")
    }
    assert measuring.in_turn(contestants, 3, warm=1).count == 3
    assert order == ["theirs", "ours", "ours", "theirs", "theirs", "ours", "ours", "theirs"]


def test_a_ratio_is_taken_within_each_round(harness):
    measuring, _, _ = harness
    rounds = measuring.Rounds(
        {
            "ours": [measuring.Sample(1.0, 1.0), measuring.Sample(10.0, 2.0), measuring.Sample(1.0, 1.0)],
            "theirs": [measuring.Sample(3.0, 1.0), measuring.Sample(20.0, 8.0), measuring.Sample(4.0, 2.0)],
        }
    )
    assert rounds.ratio("theirs", "ours") == (3.0, 2.0, 4.0)
    assert rounds.ratio("theirs", "ours", "cpu") == (2.0, 1.0, 4.0)
    assert rounds.middle("ours") == 1.0


@pytest.mark.parametrize(("least", "reached"), [(2.9, True), (3.1, False), (None, True)])
def test_a_row_says_whether_what_is_asked_is_reached(harness, least, reached):
    measuring, results, _ = harness
    rounds = measuring.Rounds({results.OURS: [measuring.Sample(0.002, 1)], "peer": [measuring.Sample(0.006, 1)]})
    row = results.row("a call", rounds, "peer", least=least, count=2)
    assert row.reached is reached
    assert row.figures == {results.OURS: "1 ms", "peer": "3 ms"}


def test_a_process_that_fails_is_no_sample(harness):
    measuring, _, _ = harness
    with pytest.raises(measuring.subprocess.CalledProcessError):
        measuring.process([sys.executable, "-c", "raise SystemExit(3)"])


def test_a_process_is_measured_and_can_say_more_of_itself(harness):
    measuring, _, _ = harness
    program = 'import json; print("ready"); print(json.dumps({"wall": 0.5, "cpu": 0.25, "items": 3}))'
    sample = measuring.reported([sys.executable, "-c", program])
    assert (sample.wall, sample.cpu, sample.said["items"]) == (0.5, 0.25, 3)
    assert sample.peak > 1_000_000


def test_a_section_is_replaced_and_the_page_written_between_its_marks(harness, tmp_path, monkeypatch):
    _, results, _ = harness
    page = tmp_path / "speed.md"
    page.write_text("before <!-- figures: begin -->old<!-- figures: end --> after", "utf-8")
    monkeypatch.setattr(results, "_PAGE", page)
    monkeypatch.setattr(results, "_KEPT", tmp_path / "results.json")
    for found in ("1x", "2x"):
        results.record("calls", [results.Row("a call", "time", "3x", found, False, {"peer": "1 s"})], {"peer": "1.0"})
    kept = json.loads((tmp_path / "results.json").read_text("utf-8"))
    assert [row["found"] for row in kept["calls"]["rows"]] == ["2x"]
    text = page.read_text("utf-8")
    assert text.startswith("before <!-- figures: begin -->")
    assert text.endswith("<!-- figures: end --> after")
    assert "| a call | time | 3x | 2x **not reached** | peer 1 s |" in text


@pytest.mark.parametrize("dialect", ["legacy", "documented"])
def test_the_server_has_as_many_workloads_as_it_is_told_and_all_clients_can_read_them(harness, dialect):
    measuring, _, serving = harness
    from chamber.core import ChamberClient

    with (
        serving.served(measuring.SERVER_CORE) as server,
        ChamberClient("ch.0123456789abcdef", server.url(250, dialect=dialect)) as client,
    ):
        found = [workload.id for workload in client.iter_workloads()]
        assert found == [f"wl_{number:024x}" for number in range(250)]
        assert client.get_workload(found[7]).id == found[7]
        assert server.requests() == 4


def test_the_workloads_of_a_wait_end_one_after_the_other(harness):
    measuring, _, serving = harness
    with serving.served(measuring.SERVER_CORE) as server:
        url = f"{server.url(1, dialect='waiting')}/workloads/wl_{9:024x}"
        seen = []
        for _ in range(serving.LOOKS):
            with urllib.request.urlopen(url) as answer:
                seen.append(json.load(answer)["status"])
    ends = serving.looks(9) - 1
    assert seen == ["RUNNING"] * ends + ["COMPLETED"] * (serving.LOOKS - ends)
