"""Links lead somewhere: to a page that is there, to a heading of it, or out of the project in a form that can work."""

import functools
import re
import urllib.parse

import pytest
from pages import DOCS, PAGES, ROOT, links, name

pytestmark = pytest.mark.once

LINKS = [(page, target) for page in PAGES for target in dict.fromkeys(links(page))]
OUTSIDE = sorted({target for _, target in LINKS if "://" in target})
INSIDE = [(page, target) for page, target in LINKS if "://" not in target]


@functools.cache
def _anchors(page):
    """The anchors of a page's headings, as GitHub and mkdocs make them, which differ in underscores alone."""
    found = set()
    for line in page.read_text("utf-8").splitlines():
        if heading := re.match(r"#{1,6} (.+)", line):
            words = re.sub(r"[^\w\s-]", "", heading[1].replace("`", "")).strip().lower()
            found.add(re.sub(r"[\s-]+", "-", words))
    return found


@pytest.mark.parametrize(("page", "target"), INSIDE, ids=[f"{name(page)} {target}" for page, target in INSIDE])
def test_a_link_within_the_project_leads_somewhere(page, target):
    path, _, anchor = target.partition("#")
    there = (page.parent / path).resolve() if path else page
    assert there.exists()
    assert not anchor or anchor in _anchors(there)


def test_pages_of_the_site_stay_on_the_site():
    """What is not built into the site cannot be reached from it."""
    paths = [(page, target.partition("#")[0]) for page, target in INSIDE if page.is_relative_to(DOCS)]
    away = [
        (name(page), path) for page, path in paths if path and not (page.parent / path).resolve().is_relative_to(DOCS)
    ]
    assert away == []


@pytest.mark.parametrize("target", OUTSIDE)
def test_a_link_out_of_the_project_is_one_that_can_be_followed(target):
    parts = urllib.parse.urlsplit(target)
    assert (parts.scheme, parts.username, parts.port) == ("https", None, None)
    assert "." in (parts.hostname or "")
    assert not re.search(r"\.(example|test|invalid|local)$", parts.hostname)


def test_there_are_sources_for_what_is_said_of_others():
    sources = [target for target in links(ROOT / "docs" / "comparison.md") if "://" in target]
    assert len(set(sources)) >= 10
