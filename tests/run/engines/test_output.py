from hypothesis import given
from hypothesis import strategies as st

from chamber.core.redaction import Secret
from chamber.run.engines.output import Output


def _lines(output: Output, *pieces: bytes) -> list[str]:
    shown = [line for piece in pieces for line in output.feed(piece)]
    return shown + output.feed(b"", last=True)


def test_lines_are_whole_although_they_come_in_pieces() -> None:
    assert _lines(Output(), b"Step 1", b"/2 : FROM\n ---> a", b"bc\r\nlast") == ["Step 1/2 : FROM", " ---> abc", "last"]


def test_a_bar_that_is_drawn_over_itself_is_one_line_each_time() -> None:
    assert _lines(Output(), b"10%\r20%\r30%\n") == ["10%", "20%", "30%"]


def test_escape_sequences_and_control_characters_are_not_shown() -> None:
    assert _lines(Output(), b"\x1b[1;31mError\x1b[0m: \x1b[2Kno\x07\x00 \x1b]0;title\x1b\\more\n") == [
        "Error: no  more"
    ]


def test_bytes_that_are_no_text_are_replaced() -> None:
    assert _lines(Output(), "a\xe9".encode("latin-1") + b"\n", "é".encode()[:1], "é".encode()[1:]) == ["a\ufffd", "é"]


def test_secrets_are_neither_shown_nor_in_the_tail() -> None:
    output = Output([Secret("very secret")])
    shown = _lines(output, b"pip --index-url https://me:pw@pypi.example/ very", b" secret\nand \x1b[0mvery secret\n")
    assert shown == ["pip --index-url https://***@pypi.example/ ***", "and ***"]
    assert "secret" not in output.tail


def test_a_secret_at_the_end_of_what_is_shown_is_not_shown_in_part() -> None:
    (line,) = _lines(Output([Secret("s3cr3t-w0rd")]), b"x" * 1_995 + b"s3cr3t-w0rd\n")
    assert "s3" not in line


def test_a_long_line_of_nothing_but_secrets_shows_no_part_of_one() -> None:
    key = "k3y" * 700
    (line,) = _lines(Output([Secret(key)]), key.encode() * 40 + b" end\n")
    assert line == "***" * 40 + " end"


def test_the_tail_holds_the_last_thirty_lines() -> None:
    output = Output()
    _lines(output, b"".join(b"%d\n" % number for number in range(100)))
    assert output.tail.splitlines() == [str(number) for number in range(70, 100)]


def test_output_without_end_is_shown_in_part_and_kept_in_part() -> None:
    output = Output()
    shown = _lines(output, *[b"y\n" * 10_000] * 5, b"the reason\n")
    assert len(shown) == 20_000
    assert shown[-1].startswith("...")
    assert output.tail.endswith("the reason")


def test_a_line_without_end_takes_no_more_memory_than_it_may() -> None:
    output = Output()
    shown = _lines(output, *[b"z" * 100_000] * 100)
    assert all(len(line) <= 2_000 for line in shown)


def test_the_container_of_the_last_step_is_known() -> None:
    output = Output()
    _lines(output, b" ---> Running in 34eb43615708\nx\n ---> Running in 502c379df5a3\n")
    assert output.container == "502c379df5a3"


@given(st.binary(), st.integers(1, 7))
def test_it_does_not_matter_where_the_pieces_are_cut(content: bytes, size: int) -> None:
    pieces = [content[start : start + size] for start in range(0, len(content), size)]
    assert _lines(Output(), *pieces) == _lines(Output(), content)
