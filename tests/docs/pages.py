"""The documents that users read, and the blocks of code in them."""

from __future__ import annotations

import pathlib
import re
from collections.abc import Iterator
from dataclasses import dataclass

from markdown_it import MarkdownIt

ROOT = pathlib.Path(__file__).parents[2]
DOCS = ROOT / "docs"
PAGES = [
    *sorted(DOCS.rglob("*.md")),
    ROOT / "README.md",
    ROOT / "CONTRIBUTING.md",
    ROOT / "SECURITY.md",
    *sorted(ROOT.glob("packages/chamber-*/README.md")),
    *sorted(ROOT.glob("examples/**/README.md")),
]

_MARKDOWN = MarkdownIt("commonmark").enable("table")
_TITLE = re.compile(r'title="([^"]+)"')


@dataclass(frozen=True)
class Block:
    """A fenced block: what language, for which file if it is one, and on which line it begins."""

    page: pathlib.Path
    line: int
    language: str
    title: str | None
    code: str

    def __str__(self) -> str:
        return f"{name(self.page)}:{self.line}"


def name(page: pathlib.Path) -> str:
    """How a page is called in the names of tests."""
    return str(page.relative_to(ROOT))


def blocks(page: pathlib.Path) -> list[Block]:
    """Every block of code of a page, in order."""
    return list(_blocks(page))


def _blocks(page: pathlib.Path) -> Iterator[Block]:
    for token in _MARKDOWN.parse(page.read_text("utf-8")):
        if token.type == "fence" and token.map is not None:
            language, _, rest = token.info.strip().partition(" ")
            title = _TITLE.search(rest)
            yield Block(page, token.map[0] + 1, language, title and title[1], token.content)


def links(page: pathlib.Path) -> list[str]:
    """Where the links and pictures of a page lead."""
    inline = [token for token in _MARKDOWN.parse(page.read_text("utf-8")) if token.type == "inline"]
    children = [child for token in inline for child in token.children or ()]
    found = [
        child.attrGet("href") or child.attrGet("src") for child in children if child.type in {"link_open", "image"}
    ]
    return [str(target) for target in found if target]
