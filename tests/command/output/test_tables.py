"""Tables for eyes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from chamber.command.output.columns import CAPACITY, WORKLOADS
from chamber.command.output.tables import fitting, styled, table
from chamber.core import JobStatus, Workload

WORK = [
    Workload(
        id=f"wl_{place:024x}",
        name=name,
        status=JobStatus(status),
        requested_gpus=8,
        gpu_type="H100",
        initiative_id="init_platform",
    )
    for place, (name, status) in enumerate([("short", "RUNNING"), ("a-name-that-is-quite-long-indeed", "COMPLETED")])
]


def rendered(width, rows=WORK, columns=WORKLOADS):
    console = Console(width=width, color_system=None)
    with console.capture() as captured:
        console.print(table(rows, columns, width))
    return [line.rstrip() for line in captured.get().splitlines()]


@pytest.mark.parametrize("width", [40, 60, 80, 100, 120, 200])
def test_a_row_is_one_line_with_the_whole_id_on_every_terminal(width):
    lines = rendered(width)
    assert len(lines) == 3
    assert all(work.id in line for work, line in zip(WORK, lines[1:], strict=True))
    assert all(len(line) <= width for line in lines)


def test_texts_are_cut_before_figures_and_columns_that_say_less_are_left_out():
    assert rendered(200)[0].split() == ["ID", "NAME", "STATUS", "GPUS", "TYPE", "TEAM"]
    assert "COMPLETED" in rendered(70)[2]
    assert "…" in rendered(70)[2]
    assert rendered(50)[0].split() == ["ID", "NAME", "STATUS"]
    assert len(rendered(80)[2].split()[1]) >= 16


def test_what_is_left_of_a_capacity_is_there_on_a_narrow_terminal():
    hours = {"allocated_hours": 48960.0, "used_hours": 106.046, "remaining_hours": 48853.954}
    pool = {"kind": "pool", "id": "pool_h100", "name": "local H100", "gpu_type": "H100", "gpus": 64, "used": 2}
    team = {"kind": "organization", "id": "init_d4cd678da5bc0d3e", "name": "Labelling", **hours}
    lines = rendered(80, [pool | hours | {"available": 62}, team], CAPACITY)
    assert {"GPUS", "FREE", "GPU-HOURS", "LEFT"} <= set(lines[0].split())
    assert lines[2].split()[-2:] == ["48,960", "48,854"]


@given(
    st.dictionaries(st.text(min_size=1) | st.sampled_from(["name", "team"]), st.integers(1, 60)), st.integers(0, 200)
)
def test_the_columns_that_are_kept_fit_in_their_order_and_the_first_is_one(wanted, room):
    widths = fitting(wanted, room)
    assert list(widths) == [name for name in wanted if name in widths]
    assert list(widths)[:1] == list(wanted)[:1]
    taken = sum(widths.values()) + 2 * max(len(widths) - 1, 0)
    assert taken <= room or len(widths) <= 1
    assert all(widths[name] == wanted[name] or name in {"name", "team"} for name in widths)
    assert taken == room or len(widths) < len(wanted) or widths == wanted or len(widths) == 1


def test_nested_values_are_a_line_each():
    assert str(styled([{"status": "pending", "at": 1, "reason": None}, {"status": "running"}])) == "pending, 1\nrunning"
