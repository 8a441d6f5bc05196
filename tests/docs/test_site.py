"""The documentation site as it is built, and that what it has to tell of is there."""

import html.parser
import os
import re
import subprocess
import sys
import tomllib
import typing
import urllib.parse
from importlib.metadata import entry_points

import pytest
import yaml
from filelock import FileLock
from pages import DOCS, ROOT

from chamber.core import AsyncChamberClient, errors
from chamber.run import errors as run_errors
from chamber.run.project.profile import Launcher

pytestmark = pytest.mark.once

#: A place where nothing answers, for programs that would ask the network.
NOWHERE = "http://127.0.0.1:9"
OFFLINE = dict.fromkeys(("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"), NOWHERE)
METHODS = sorted({name for name in dir(AsyncChamberClient) if not name.startswith("_")})
ERRORS = [name for module in (errors, run_errors) for name in module.__all__ if name[0].isupper()]


class Page(html.parser.HTMLParser):
    """The links, the anchors, what is loaded with the page, and its text."""

    def __init__(self, file):
        super().__init__()
        self.file, self.links, self.anchors, self.loaded, self.text = file, [], set(), [], []
        self.feed(file.read_text("utf-8"))

    def handle_starttag(self, tag, attrs):
        said = dict(attrs)
        self.anchors |= {said[key] for key in ("id", "name") if said.get(key)}
        if tag == "a" and said.get("href"):
            self.links.append(said["href"])
        if tag == "link" and said.get("rel") in {"stylesheet", "icon", "preconnect", "preload"}:
            self.loaded.append(said["href"])
        if said.get("src"):
            self.loaded.append(said["src"])

    def handle_data(self, data):
        self.text.append(data)


@pytest.fixture(scope="session")
def site(shared):
    """The folder that the site is in, built once for all workers, without the network and without a warning."""
    folder = shared / "site"
    with FileLock(f"{folder}.lock"):
        if not folder.exists():
            build = [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(folder)]
            settings = {**os.environ, **OFFLINE, "NO_MKDOCS_2_WARNING": "1"}
            done = subprocess.run(build, cwd=ROOT, env=settings, capture_output=True, text=True, check=False)
            assert done.returncode == 0, done.stdout + done.stderr
    return folder


@pytest.fixture(scope="session")
def pages(site):
    """Every page of the site, by its path."""
    return {str(file.relative_to(site)): Page(file) for file in sorted(site.rglob("*.html"))}


def test_every_document_is_a_page(pages):
    documents = {str(file.relative_to(DOCS).with_suffix(".html")) for file in DOCS.rglob("*.md")}
    assert documents - {path.replace("index.html", "README.html") for path in pages} - set(pages) == set()


def test_every_link_and_anchor_of_the_site_leads_somewhere(site, pages):
    broken = []
    for path, page in pages.items():
        for link in page.links:
            parts = urllib.parse.urlsplit(link)
            if parts.scheme or path == "404.html":
                continue
            there = (page.file.parent / urllib.parse.unquote(parts.path)).resolve() if parts.path else page.file
            there = there / "index.html" if there.is_dir() else there
            found = pages.get(str(there.relative_to(site))) if there.suffix == ".html" and there.exists() else None
            if not there.exists() or (parts.fragment and found and parts.fragment not in found.anchors):
                broken.append((path, link))
    assert broken == []


def test_nothing_is_loaded_from_elsewhere(pages):
    loaded = [(path, address) for path, page in pages.items() for address in page.loaded]
    assert [found for found in loaded if urllib.parse.urlsplit(found[1]).netloc] == []


@pytest.mark.parametrize(("client", "page"), [("ChamberClient", "client"), ("AsyncChamberClient", "async-client")])
def test_the_reference_has_every_method_of_both_faces(pages, client, page):
    anchors = pages[f"reference/{page}.html"].anchors
    own = {"close"} if client == "ChamberClient" else {"aclose"}
    expected = (set(METHODS) - {"aclose"}) | own
    assert {name for name in expected if f"chamber.core.client.{client}.{name}" not in anchors} == set()


def test_the_faces_differ_as_the_clients_do(pages):
    blocking, awaiting = ("".join(pages[f"reference/{page}.html"].text) for page in ("client", "async-client"))
    assert "-> Iterator[Workload]" in " ".join(blocking.split())
    assert "-> AsyncIterator[Workload]" in " ".join(awaiting.split())
    assert re.search(r"get_workload\s+async", awaiting)
    assert not re.search(r"get_workload\s+async", blocking)


def test_the_family_of_errors_is_drawn(pages):
    assert "├── ResponseError       " in "".join(pages["reference/errors.html"].text)


def test_a_field_is_told_of_by_the_comment_above_it(pages):
    assert "How often the request was sent." in " ".join("".join(pages["reference/errors.html"].text).split())


@pytest.mark.parametrize("name", [name for name in ERRORS if name != "ChamberError"])
def test_every_error_has_a_cause_and_a_remedy(name):
    section = re.search(
        rf"^### {name}\n\n(.+?)(?=^#|\Z)", (DOCS / "errors.md").read_text("utf-8"), re.DOTALL | re.MULTILINE
    )
    assert section
    assert len(section[1].split()) > 12


def test_every_launcher_has_a_page():
    there = {file.stem for file in (DOCS / "how-to" / "launchers").glob("*.md")} - {"index"}
    assert there == set(typing.get_args(Launcher))


def test_every_registry_that_has_a_plugin_has_a_page():
    plugins = {plugin.name for plugin in entry_points(group="chamber") if plugin.name.startswith("run-")}
    pages = {"aws": "ecr", "google": "artifact-registry", "azure": "acr"}
    named = {f"{pages.get(short, short)}.md" for short in (name.removeprefix("run-") for name in plugins)}
    assert named <= {file.name for file in (DOCS / "how-to" / "registries").glob("*.md")}
    assert len(named) >= 8


def test_the_house_is_drawn_as_it_stands():
    drawing = (DOCS / "assets" / "house.svg").read_text("utf-8")
    core = ROOT / "packages" / "chamber-core" / "src" / "chamber" / "core"
    rooms = {path.stem for path in core.iterdir() if path.suffix == ".py" or path.is_dir()}
    words = set(re.findall(r"[\w-]+", drawing))
    assert {room for room in rooms if not room.startswith("_") and room != "py"} - words == set()
    assert {member.parent.name for member in ROOT.glob("packages/chamber-*/pyproject.toml")} - words == set()


def test_floors_are_drawn_in_the_order_in_which_imports_may_run():
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["importlinter"]["contracts"]
    (floors,) = (found["layers"] for found in contracts if found.get("containers") == ["chamber.core"])
    drawing = (DOCS / "assets" / "house.svg").read_text("utf-8")
    rows = re.findall(r'y="(\d+)"[^>]*class="mono">([^<]+)<', drawing)
    heights = {room: int(y) for y, rooms in rows for room in rooms.split(" · ")}
    downwards = [heights[room] for floor in floors for room in floor.split(" | ") if room in heights]
    lines = [heights[room] for floor in floors[:-4] for room in floor.split(" | ")]
    assert lines == sorted(lines)
    assert len(downwards) == len([room for floor in floors for room in floor.split(" | ")])


def test_the_navigation_names_every_page_once():
    def paths(entries):
        for entry in entries:
            (held,) = entry.values()
            yield from [held] if isinstance(held, str) else paths(held)

    text = (ROOT / "mkdocs.yml").read_text("utf-8")
    named = list(paths(yaml.safe_load(text)["nav"]))
    assert sorted(named) == sorted(str(file.relative_to(DOCS)) for file in DOCS.rglob("*.md"))
