"""Where to go on in an output whose lines have the moments of Kubernetes before them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chamber.core.output.lines import Lines, of_pod
from chamber.core.output.stamps import Place, Resumed, stamped


@pytest.mark.parametrize(
    ("line", "text", "nanosecond"),
    [
        ("2026-01-01T00:00:00.123456789Z hello world", "hello world", 123_456_789),
        ("2026-01-01T00:00:00.5Z ", "", 500_000_000),
        ("2026-01-01T00:00:00Z x", "x", 0),
        ("2026-01-01T02:00:00.000000001+02:00 x", "x", 1),
        ("2026-01-01T00:00:00Z", "", 0),
    ],
)
def test_a_moment_is_read_with_all_its_digits(line: str, text: str, nanosecond: int) -> None:
    stamp, found = stamped(line)
    assert stamp is not None
    assert (found, stamp.nanosecond, stamp.second.isoformat()) == (text, nanosecond, "2026-01-01T00:00:00+00:00")


@pytest.mark.parametrize("line", ["", "no time", "2026-01-01 x", "2026-13-01T00:00:00Z x", "2026-01-01T00:00:00.Z x"])
def test_what_has_no_moment_is_left_as_it_is(line: str) -> None:
    assert stamped(line) == (None, line)


MOMENTS = st.lists(st.tuples(st.integers(0, 3), st.sampled_from([0, 1, 500_000_000])), min_size=1, max_size=30)


@given(MOMENTS, st.data())
def test_an_output_that_is_cut_anywhere_is_whole_and_without_doubles(
    moments: list[tuple[int, int]], data: st.DataObject
) -> None:
    ordered = sorted(moments)
    lines = [f"2026-01-01T00:00:0{s}.{n:09d}Z line {i}" for i, (s, n) in enumerate(ordered)]
    cuts = sorted(data.draw(st.lists(st.integers(0, len(lines)), max_size=5)))
    place: Place | None = None
    had: list[str] = []
    for until in (*cuts, len(lines)):
        since = place.since if place else ""
        known = Resumed(place)
        for line in (line for line in lines[:until] if line[:19] >= since.removesuffix("Z")):
            stamp, text = stamped(line)
            assert stamp is not None
            if not known.knows(stamp):
                place = place.behind(stamp) if place else Place(stamp)
                had.append(text)
    assert had == [f"line {i}" for i in range(len(lines))]


@given(st.binary(max_size=200), st.lists(st.integers(0, 200), max_size=8))
def test_bytes_in_any_pieces_are_the_same_lines(content: bytes, cuts: list[int]) -> None:
    lines, found, begin = Lines(), [], 0
    for end in (*sorted(cuts), len(content)):
        found += lines.feed(content[begin:end])
        begin = max(begin, min(end, len(content)))
    found += [lines.take()] if lines.rest else []
    assert b"".join(found) == content
    assert all(b"\n" not in line[:-1] for line in found)


def test_a_line_without_an_end_is_given_out_in_parts() -> None:
    lines = Lines()
    assert [len(part) for part in lines.feed(b"x" * 3_000_000)] == [3_000_000]
    assert lines.rest == b""


@pytest.mark.parametrize(
    ("text", "pods", "pod", "rest"),
    [
        ("[1] hello", 2, "1", "hello"),
        ("[2] hello", 2, None, "[2] hello"),
        ("[1] hello", 1, None, "[1] hello"),
        ("[x] hello", 2, None, "[x] hello"),
        ("[1]", 2, None, "[1]"),
        ("hello", 2, None, "hello"),
    ],
)
def test_the_number_of_the_pod_is_taken_from_the_line(text: str, pods: int, pod: str | None, rest: str) -> None:
    line = of_pod(text, pods)
    assert (line.pod, line.text) == (pod, rest)
