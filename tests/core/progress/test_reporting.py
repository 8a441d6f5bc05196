from chamber.core.progress import Step, display
from chamber.core.progress.reporting import Reporter
from chamber.core.redaction import Secret


async def test_a_reporter_tells_whoever_wants_to_know():
    told = []
    async with Reporter(lambda stage, message: told.append((stage, message))) as report:
        await report("wait", "RUNNING")
    assert told == [("wait", "RUNNING")]


async def test_what_is_counted_is_told_with_its_numbers():
    told = []
    async with Reporter(lambda _stage, message: told.append(message)) as report:
        await report("upload", Step("half", 5, 10))
        await report("submit", "submitted")
    assert [(step.done, step.total, step.fraction) for step in told] == [(5, 10, 0.5), (None, None, None)]
    assert told[0] == "half"


async def test_in_a_pipe_nothing_is_shown(capfd):
    for wanted in (None, True):
        async with Reporter(progress=wanted) as report:
            await report("wait", "RUNNING")
    assert capfd.readouterr() == ("", "")


async def test_no_secret_is_told_to_anybody():
    told = []
    kept = Secret("sesame-opens-4711")
    await Reporter(lambda _stage, message: told.append(message))("docker", "logged in as ada:sesame-opens-4711")
    assert told == ["logged in as ada:***"]
    assert kept


async def test_it_is_shown_unless_somebody_listens_or_it_is_not_wanted(monkeypatch):
    shown = []

    class Recorded:
        def __call__(self, stage, message):
            shown.append((stage, message))

        def close(self):
            shown.append("closed")

    monkeypatch.setattr(display, "found", Recorded)
    for on_progress, wanted in [(None, None), (print, True), (print, None), (None, False)]:
        async with Reporter(on_progress and (lambda *_: None), wanted) as report:
            await report("wait", "RUNNING")
    assert shown == [("wait", "RUNNING"), "closed"] * 2


def test_a_step_without_a_total_has_no_fraction():
    assert Step("a", 1, 0).fraction is None
    assert Step("a", 20, 10).fraction == 1.0
