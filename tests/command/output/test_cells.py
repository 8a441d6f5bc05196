"""Values as texts."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chamber.command.output.cells import Seconds, cell, printable, shown

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, ""),
        (True, "true"),
        (False, "false"),
        (8, "8"),
        (8.0, "8"),
        (0.1, "0.1"),
        (NOW, "2026-03-01T12:00:00Z"),
        (Seconds(61.5), "61.5"),
        (["a", None, 1], "a,,1"),
        ({"a": 1, "b": "c"}, "a=1,b=c"),
        ("two\twords\n", "two words "),
    ],
)
def test_a_pipe_gets_what_is_exact(value, text):
    assert cell(value) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (NOW - timedelta(seconds=5), "5s ago"),
        (NOW - timedelta(minutes=5, seconds=3), "5m ago"),
        (NOW - timedelta(hours=5, minutes=3), "5h ago"),
        (NOW - timedelta(days=5, hours=3), "5d ago"),
        (Seconds(3988.9), "1h 06m"),
        (720.766808, "720.77"),
        (0.00345004, "0.00345"),
        (1.22e-05, "0.0000122"),
        (1e-9, "1e-09"),
        (0.9999, "1"),
        (-0.25, "-0.25"),
        (0.0, "0"),
        (float("nan"), "nan"),
        (1234567.0, "1,234,567"),
        (8, "8"),
    ],
)
def test_eyes_get_what_is_short(value, text):
    assert shown(value, NOW) == text


@pytest.mark.parametrize("time", [NOW - timedelta(days=8), NOW + timedelta(minutes=1)])
def test_a_time_long_ago_or_to_come_is_told_as_it_is(time):
    assert shown(time, NOW) == f"{time.astimezone():%Y-%m-%d %H:%M}"


@given(st.text() | st.lists(st.text()) | st.dictionaries(st.text(), st.text()))
def test_no_text_of_the_api_can_steer_a_terminal_or_break_a_line(value):
    assert cell(value).isprintable()
    assert "\t" not in cell(value)
    assert shown(value) == cell(value)


@given(st.text())
def test_what_can_be_printed_stays_as_it_is(text):
    assert printable(text) == text or not text.isprintable()
    assert len(printable(text)) == len(text)
