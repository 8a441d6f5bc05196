"""How far a run is."""

import pytest

from chamber.command.progress import Lines, Live, Steps, shown
from chamber.core.progress import Step

BUILD = [("docker", "host/x:env from python:3.12"), ("docker", "docker builds host/x:env"), ("docker", "Step 1\x1b[2J")]


def test_the_output_of_a_build_is_folded():
    steps = Steps()
    assert [steps.add(*event) for event in BUILD] == [False, False, True]
    assert steps.latest == {"docker": "docker builds host/x:env"}
    assert (steps.folded, steps.unfolded()) == ("1 lines of output", "  Step 1?[2J\n")
    assert steps.add("docker", "Collecting x from https://pypi.test: builds y")
    assert not steps.add("upload", "uploaded")


def test_only_the_end_of_a_long_build_is_kept():
    steps = Steps()
    for event in [*BUILD[:2], *(("docker", f"line {n}") for n in range(1000))]:
        steps.add(*event)
    assert steps.folded == "1000 lines of output"
    assert steps.unfolded().splitlines()[-1] == "  line 999"
    assert len(steps.unfolded().splitlines()) == 200


def test_lines_tell_each_step_and_no_line_of_a_build_that_works(capsys):
    with Lines() as lines:
        for event in [("config", "x: 1 x H100"), ("config", "warning: odd"), *BUILD, ("submit", "submitted")]:
            lines(*event)
    assert capsys.readouterr().err.splitlines() == [
        "config: x: 1 x H100",
        "config: warning: odd",
        "docker: host/x:env from python:3.12",
        "docker: docker builds host/x:env",
        "submit: submitted",
    ]


def _fail(display):
    with display as report:
        for event in BUILD:
            report(*event)
        raise ValueError("it failed")


def test_the_output_of_a_build_that_fails_is_unfolded(capsys):
    with pytest.raises(ValueError, match="it failed"):
        _fail(Lines())
    assert capsys.readouterr().err.splitlines()[-1] == "  Step 1?[2J"


def test_whoever_debugs_sees_the_build_as_it_goes_and_once(capsys):
    with pytest.raises(ValueError, match="it failed"):
        _fail(shown(debug=True))
    assert capsys.readouterr().err.count("Step 1") == 1


def _rendered(feed, error=None):
    from io import StringIO

    from rich.console import Console

    console = Console(file=StringIO(), force_terminal=True, color_system=None, width=80)
    try:
        with Live(console) as live:
            feed(live)
            if error:
                raise error
    except ValueError:
        pass
    return console.file.getvalue()


def test_a_live_display_ends_with_what_was_done():
    def feed(live):
        for event in [("config", "x: 1 x H100"), ("config", "warning: odd"), *BUILD, ("submit", "submitted x as wl_1")]:
            live(*event)

    shown = _rendered(feed)
    last = shown[shown.rindex("warning: odd") :]
    assert "✓ config x: 1 x H100" in last
    assert "✓ docker docker builds host/x:env  1 lines of output" in last
    assert "✓ submit submitted x as wl_1" in last
    assert "Step 1" not in last


def test_a_live_display_of_a_failure_ends_with_the_output():
    shown = _rendered(lambda live: [live(*event) for event in BUILD], ValueError())
    assert "✗ docker" in shown
    assert shown.rstrip().endswith("Step 1?[2J")


def test_a_live_display_of_nothing_is_nothing():
    assert "✓" not in _rendered(lambda live: None)


def test_what_is_counted_has_a_bar_while_it_goes_on():
    from io import StringIO

    from rich.console import Console

    def drawn(live):
        console = Console(file=StringIO(), color_system="truecolor", force_terminal=True, width=80)
        console.print(live)
        return console.file.getvalue()

    live = Live(Console(file=StringIO()))
    live("upload", Step("6 of 12 bytes", 6, 12))
    done, _, left = drawn(live).partition("━" * 12)[2].partition("━" * 12)
    assert (done.startswith("\x1b[0m"), "6 of 12 bytes" in left) == (True, True)
    live("submit", "submitted")
    assert "━" not in drawn(live)
