"""Our rules beside docker's own: the same folder is built, and what came into the image is listed."""

import io
import os
import subprocess
import tarfile
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path, PurePosixPath

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from chamber.core.errors import ConfigurationError
from chamber.run.project.files import select
from chamber.run.project.ignore import ALWAYS, SECRETS, Rules

pytestmark = pytest.mark.engine

Docker = Callable[[Path], set[str]]

TREE = """
    a b.txt ab.txt abc a.b a^b x-y [z] !a.txt star*name über.txt docs/a.md docs/deep/a.md docs/deep/er/b.md
    src/a src/b.txt src/deep/a src/deep/b.txt src/deep/c/x.bin data/a data/keep/x data/keep/y data/raw/x
    aXb/c a/b/c.txt other/a/b empty/ src/none/ data/void/deeper/
""".replace(" a b.txt", " top b.txt")

CORPUS = [
    "",
    "data",
    "/data/",
    "./data/../docs",
    "../data",
    "/",
    ".",
    "data/*",
    "data/*\n!data/keep",
    "data\n!data/keep/x",
    "*\n!src",
    "*\n!src\nsrc/deep",
    "**\n!docs/deep",
    "**/a",
    "**/b.txt",
    "**/*.txt",
    "**.txt",
    "docs/**",
    "docs/**/a.md",
    "docs/**/*.md\n!docs/a.md",
    "a**b",
    "a**b/c",
    "s**",
    "**/deep/**",
    "**/deep/**/x.bin",
    "***",
    "?.b\n?^b",
    "a.b",
    "[ad]*",
    "[^ad]*",
    "a[^b]b",
    "[a-s]rc",
    r"\[z\]",
    r"star\*name",
    r"\!a.txt",
    "[*]name",
    "*.md",
    "*/*.md",
    "*/*/*.md",
    "# data\n  data  \n\n \t\n#src",
    "data\n!data/keep/x\ndata",
    "\ufeffdata",
    "data\r\nsrc\r\n",
    "über*",
    "\n".join([*ALWAYS, "data/*", "!data/keep", *SECRETS]),
]


@pytest.fixture(scope="module")
def docker(tool: Callable[[str], str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Docker]:
    """What docker puts into an image of a folder."""
    program = tool("docker")
    if subprocess.run([program, "version"], capture_output=True, check=False).returncode:
        reason = "no docker daemon answers"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    dockerfile = tmp_path_factory.mktemp("dockerfile") / "Dockerfile"
    dockerfile.write_text(f'FROM scratch\nLABEL of={uuid.uuid4().hex}\nCOPY . /ctx\nCMD ["none"]\n')  # shares no layer
    tags: list[str] = []

    def run(*arguments: str) -> bytes:
        environment = os.environ | {"DOCKER_BUILDKIT": "0"}
        done = subprocess.run([program, *arguments], capture_output=True, check=False, env=environment)
        assert done.returncode == 0, done.stderr.decode()
        return done.stdout

    def built(folder: Path) -> set[str]:
        tags.append(f"chamber-test-ignore-{uuid.uuid4().hex}")
        run("build", "--quiet", "--file", str(dockerfile), "--tag", tags[-1], str(folder))
        container = run("create", tags[-1]).decode().strip()
        try:
            return _listed(run("export", container))
        finally:
            run("rm", container)

    yield built
    for tag in tags:
        run("rmi", tag)


@pytest.mark.parametrize("text", CORPUS)
def test_docker_takes_the_same_files_and_folders(docker: Docker, tmp_path: Path, text: str) -> None:
    _grow(tmp_path, TREE.split())
    (tmp_path / ".dockerignore").write_text(text, "utf-8", newline="")
    assert _ours(tmp_path) == docker(tmp_path)


def test_docker_without_buildkit_overlooks_an_exception_below_an_ignored_folder(docker: Docker, tmp_path: Path) -> None:
    _grow(tmp_path, TREE.split())
    (tmp_path / ".dockerignore").write_text("data\n!**/x")
    assert {"data/keep/x", "data/raw/x"} <= _ours(tmp_path), "as the documentation and BuildKit have it"
    assert "data" not in docker(tmp_path)


names = ["a", "b", "ab", "b.c"]
parts = [
    *names,
    "*",
    "?",
    "**",
    "a*",
    "*b",
    "[ab]",
    "[^a]",
    "a?",
    "**b",
    "a**",
    "a**b",
    ".",
    "b.*",
    r"\a"[:0] + r"b\.c",
]
patterns = st.builds(
    lambda mark, path, end: mark + "/".join(path) + end,
    st.sampled_from(["", "", "!"]),
    st.lists(st.sampled_from(parts), min_size=1, max_size=3),
    st.sampled_from(["", "", "/"]),
)
folders = st.lists(st.lists(patterns, min_size=1, max_size=4), min_size=60, max_size=60)


@settings(
    max_examples=3,
    deadline=None,
    database=None,
    phases=[Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(folders=folders)
def test_docker_and_we_read_any_patterns_alike(
    docker: Docker, tmp_path_factory: pytest.TempPathFactory, folders: list[list[str]]
) -> None:
    """Each folder has patterns of its own, so that one build compares many."""
    root = tmp_path_factory.mktemp("many")
    lines = [_within(f"f{number}", pattern) for number, some in enumerate(folders) for pattern in some]
    for number in range(len(folders)):
        _grow(root / f"f{number}", ["a/a", "a/b/ab", "a/ab/b.c", "b/b", "b/a/a/b", "ab/b/a", "b.c", "bb", "aab/b/"])
    text = "\n".join(line for line in lines if _is_pattern(line))
    (root / ".dockerignore").write_text(text)
    exceptions = [line[1:].rstrip("/") for line in text.split("\n") if line.startswith("!")]
    assert _without_overlooked(_ours(root), Rules(text), exceptions) == docker(root)


def _grow(root: Path, paths: list[str]) -> None:
    for path in paths:
        if path.endswith("/"):
            (root / path).mkdir(parents=True, exist_ok=True)
        else:
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            (root / path).touch()


def _within(folder: str, pattern: str) -> str:
    mark = "!" if pattern.startswith("!") else ""
    return f"{mark}{folder}/{pattern.removeprefix('!')}"


def _is_pattern(line: str) -> bool:
    try:
        Rules(line)
    except ConfigurationError:
        return False
    return True


def _ours(root: Path) -> set[str]:
    files = {file.path for file in select(root).files}
    above = {str(parent) for path in files for parent in PurePosixPath(path).parents}
    return (files | above) - {".", ".dockerignore"}


def _without_overlooked(paths: set[str], rules: Rules, exceptions: list[str]) -> set[str]:
    """Less what docker overlooks without BuildKit: an ignored folder is only read where an exception begins with it."""

    def is_read(folder: str) -> bool:
        return not rules.excludes(folder) or any(f"{line}/".startswith(f"{folder}/") for line in exceptions)

    left = {path for path in paths if all(is_read(str(up)) for up in list(PurePosixPath(path).parents)[:-1])}
    kept = {path for path in left if not rules.excludes(path)}
    return kept | {str(up) for path in kept for up in PurePosixPath(path).parents} - {"."}


def _listed(exported: bytes) -> set[str]:
    with tarfile.open(fileobj=io.BytesIO(exported)) as tar:
        paths = {entry.name.rstrip("/") for entry in tar}
    return {path.removeprefix("ctx/") for path in paths if path.startswith("ctx/")} - {".dockerignore"}
