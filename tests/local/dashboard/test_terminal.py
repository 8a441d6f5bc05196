"""What the page makes of text, asked of the page's own modules."""

import pytest

pytestmark = pytest.mark.asyncio(loop_scope="session")

SHOWN = {
    "plain\n": "plain\n",
    "\x1b[1;31mred\x1b[0m\n": "red\n",
    "\x1b]0;title\x07after\n": "after\n",
    "\x1b]8;;https://page.example\x1b\\link\x1b]8;;\x1b\\\n": "link\n",
    "\x1bPdevice\x1b\\after\n": "after\n",
    "\x1b(Bafter\n": "after\n",
    "\x1b7saved\x1b8\n": "saved\n",
    "10%\r 50%\r100%\n": "100%\n",
    "windows\r\nlines\r\n": "windows\nlines\n",
    "ab\bc\x00\x07\n": "ac\n",
    "a\tb 🎉 é\n": "a\tb 🎉 é\n",
    "not finished": "not finished",
}

TAKE = """async (pieces) => {
  const { Terminal } = await import("/dashboard/static/terminal.js");
  const terminal = new Terminal();
  return pieces.map((piece) => terminal.take(piece)).join("") + terminal.partial;
}"""
WORDS = 'async ([name, ...given]) => (await import("/dashboard/static/words.js"))[name](...given)'


async def test_escape_sequences_and_returns_are_no_text_wherever_pieces_end(chamber, visit):
    page = await visit(chamber)

    for printed, shown in SHOWN.items():
        assert await page.evaluate(TAKE, [printed]) == shown
        assert await page.evaluate(TAKE, list(printed)) == shown


async def test_a_line_that_never_ends_is_ended(chamber, visit):
    page = await visit(chamber)

    shown = await page.evaluate(TAKE, ["x" * 50_000])

    assert [len(line) for line in shown.split("\n")] == [20_001, 20_001, 9_998]


async def test_amounts_are_said_as_people_say_them(chamber, visit):
    page = await visit(chamber)
    changes = [{"id": "a", "name": "a", "status": "RUNNING"}, {"id": "b", "name": "b", "status": "FAILED"}]
    said = {
        ("duration", 0.4): "0 s",
        ("duration", 59.9): "59 s",
        ("duration", 3600): "1 h",
        ("duration", 3725): "1 h 2 min",
        ("duration", 90061): "1 d 1 h",
        ("bytes", 0): "0 B",
        ("bytes", 1536): "1.5 KiB",
        ("bytes", 1 << 40): "1 TiB",
        ("statusWord", "RUNNING"): "Running",
        ("statusWord", "PAUSED"): "PAUSED",
    }

    for (name, value), words in said.items():
        assert await page.evaluate(WORDS, [name, value]) == words
    assert await page.evaluate(WORDS, ["summary", changes]) == "2 workloads changed: 1 running, 1 failed"
    assert await page.evaluate(WORDS, ["summary", changes[:1] * 3]) == "a: running"
