import itertools
import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chamber.core.redaction import Secret
from chamber.local import LocalChamber
from chamber.local.executors.output import Output
from chamber.local.executors.tail import last_lines

FULL = "[chamber-local] this log is full: {} bytes of a job's output are kept (log_limit), and the job goes on\n"


@pytest.fixture
def log(tmp_path):
    return tmp_path / "job.log"


def test_what_fits_is_kept_and_the_last_line_says_that_more_came(log):
    with Output(log, 10) as output:
        stream = output.stream()
        for piece in (b"12345\n", b"6789", b"more\n", b"and more\n"):
            stream.write(piece)
        stream.close()

    assert log.read_text() == "12345\n6789\n" + FULL.format(10)


def test_a_log_that_is_exactly_full_is_not_called_so(log):
    with Output(log, 4) as output:
        output.append(b"1234")

    assert log.read_bytes() == b"1234"


def test_reasons_quote_what_was_printed_behind_a_full_log(log):
    with Output(log, 5) as output:
        output.append(b"begin\n")
        output.append(b"noise\n" * 100_000)
        output.append(b"ValueError: the end\n")

        assert last_lines(output, lines=1) == ": ValueError: the end"
    assert log.stat().st_size < 200


def test_the_lines_of_several_streams_are_kept_apart(log):
    with Output(log, 1 << 20) as output:
        streams = [output.stream(f"[{index}] ") for index in range(2)]
        streams[0].write(b"a")
        streams[1].write(b"b\nc")
        streams[0].write(b"d\n")
        for stream in streams:
            stream.close()

    assert log.read_text() == "[1] b\n[0] ad\n[1] c\n"


def test_many_threads_stay_below_the_limit(log):
    def flood(stream):
        for _ in range(200):
            stream.write(b"x" * 99 + b"\n")
        stream.close()

    with Output(log, 10_000) as output:
        threads = [threading.Thread(target=flood, args=(output.stream(),)) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    assert log.read_text() == ("x" * 99 + "\n") * 100 + FULL.format(10_000)


words = st.sampled_from(
    ["hunter2hunter2", "hunter2hunt", "hunter2", "\n", "token-of-two\nlines-in-it", "lines", "…", "x"]
)


@given(st.lists(words, max_size=12), st.lists(st.integers(0, 200), max_size=8), st.booleans())
def test_a_secret_is_not_in_the_log_however_the_output_is_cut(tmp_path_factory, printed, cuts, prefixed):
    log = tmp_path_factory.mktemp("logs") / "job.log"
    secrets = [Secret("hunter2hunter2"), Secret("token-of-two\nlines-in-it"), Secret("x")]
    data = "".join(printed).encode()
    places = sorted({0, len(data), *(min(cut, len(data)) for cut in cuts)})
    with Output(log, 1 << 20, secrets) as output:
        stream = output.stream("[0] " if prefixed else "")
        for begin, end in itertools.pairwise(places):
            stream.write(data[begin:end])
        stream.close()

    kept = log.read_text()
    assert not any(hidden in kept for hidden in ("hunter2hunter2", "token-of-two", "lines-in-it"))
    if not prefixed:
        shown = "".join(printed)
        for hidden in ("hunter2hunter2", "token-of-two", "lines-in-it"):
            shown = shown.replace(hidden, "***")
        assert kept == shown


def test_a_job_goes_on_behind_its_full_log(tools, tmp_path):
    done = tmp_path / "done"
    code = f"""
        import pathlib, sys
        for _ in range(2000):
            print("x" * 999)
        pathlib.Path({str(done)!r}).touch()
        sys.exit("out of luck")
    """
    with LocalChamber(log_limit=5000) as chamber:
        call = tools.Caller(chamber)
        failed = call.wait(call.python(code), "failed")

        assert done.exists()
        assert failed["failure_reason"].endswith("| out of luck")
        assert chamber.logs(failed["workload_id"]) == ("x" * 999 + "\n") * 5 + FULL.format(5000)


def test_a_process_that_outlives_its_job_does_not_keep_its_log_open(call, tools):
    code = """
        import subprocess, sys
        flood = "import os\\nwhile True: os.write(1, b'y' * 1000)"
        subprocess.Popen([sys.executable, "-c", flood], start_new_session=True)
    """
    done = call.wait(call.python(code), "completed")

    size = len(call.chamber.logs(done["workload_id"]))
    assert size < 10 << 20
    assert len(call.chamber.logs(done["workload_id"])) == size
