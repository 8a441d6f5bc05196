import inspect
import os
import socket
import sys
from pathlib import Path
from typing import Any

import pytest

from chamber.core.errors import ConfigurationError
from chamber.run.project.files import ProjectFile, choose, select


def _tree(root: Path, **files: str) -> Path:
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return root


def _paths(root: Path, *ignore: str, include: tuple[str, ...] = ()) -> list[str]:
    return [file.path for file in choose(root, ignore, include)]


def test_the_files_come_sorted_with_size_and_mode(tmp_path: Path) -> None:
    _tree(tmp_path, **{"b.py": "1", "a/z.py": "22", "a.sh": "333"})
    (tmp_path / "a.sh").chmod(0o750)
    (tmp_path / "b.py").chmod(0o600)
    assert choose(tmp_path) == (
        ProjectFile("a.sh", 3, 0o755),
        ProjectFile("a/z.py", 2, 0o644),
        ProjectFile("b.py", 1, 0o644),
    )


def test_a_folder_is_sorted_by_the_paths_in_it(tmp_path: Path) -> None:
    _tree(tmp_path, **{"a/b": "", "a.py": "", "a0": ""})
    (tmp_path / "c").mkdir()
    (tmp_path / "c-d").write_text("")
    selection = select(tmp_path)
    assert [file.path for file in selection.files] == ["a.py", "a/b", "a0", "c", "c-d"]


def test_one_folder_is_open_at_a_time_however_deep_they_are(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _tree(tmp_path, **{"a/b/c/d.py": "1", "a/e.py": "22"})
    opened: list[str] = []
    open_, close = os.open, os.close

    def noted(path: str, flags: int) -> int:
        opened.append(os.path.relpath(path, tmp_path))
        return open_(path, flags)

    def closed(descriptor: int) -> None:
        opened.append("")
        close(descriptor)

    monkeypatch.setattr(os, "open", noted)
    monkeypatch.setattr(os, "close", closed)
    assert [file.path for file in choose(tmp_path)] == ["a/b/c/d.py", "a/e.py"]
    assert opened == [".", "", "a", "", "a/b", "", "a/b/c", ""]


def test_folders_that_are_too_deep_in_each_other_are_refused(tmp_path: Path) -> None:
    (tmp_path / "/".join("d" * 150)).mkdir(parents=True)
    usual = sys.getrecursionlimit()
    sys.setrecursionlimit(len(inspect.stack()) + 100)
    try:
        with pytest.raises(ConfigurationError, match="in each other hundreds of times"):
            select(tmp_path)
    finally:
        sys.setrecursionlimit(usual)
    assert [file.path for file in select(tmp_path).files] == ["/".join("d" * 150)]


def test_rules_secrets_and_leavings_keep_files_back(tmp_path: Path) -> None:
    _tree(
        tmp_path,
        **{
            ".dockerignore": "\ufeffdata\n!data/keep.csv\n",
            "data/big.bin": "",
            "data/keep.csv": "",
            ".env": "",
            "src/__pycache__/a.pyc": "",
            "env/pyvenv.cfg": "",
            "env/lib/a.py": "",
            "notes.txt": "",
            "Dockerfile.chamber": "",
            "manifest.chamber.yaml": "",
            "train.py": "",
        },
    )
    assert _paths(tmp_path, "notes.txt") == [".dockerignore", "data/keep.csv", "src", "train.py"]


def test_one_secret_file_is_readmitted_by_name(tmp_path: Path) -> None:
    _tree(tmp_path, **{"certs/ca.pem": "", "certs/own.pem": ""})
    assert _paths(tmp_path, include=("./certs/ca.pem",)) == ["certs/ca.pem"]


def test_an_included_file_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    _tree(tmp_path, **{"certs/own.pem": ""})
    with pytest.raises(ConfigurationError, match=r"'certs'.*not a file"):
        choose(tmp_path, (), ["certs"])


def test_inner_links_are_kept_and_not_followed(tmp_path: Path) -> None:
    _tree(tmp_path, **{"data/v2/a.csv": "1"})
    (tmp_path / "data" / "latest").symlink_to("v2")
    (tmp_path / "top").symlink_to("data/v2/a.csv")
    (tmp_path / "data" / "up").symlink_to("../data/none")
    assert choose(tmp_path)[:3] == (
        ProjectFile("data/latest", 0, 0o777, "v2"),
        ProjectFile("data/up", 0, 0o777, "../data/none"),
        ProjectFile("data/v2/a.csv", 1, 0o644),
    )


@pytest.mark.parametrize("target", ["/etc/passwd", "../outside", "sub/../../outside", "away/x"])
def test_links_that_leave_the_project_are_refused(tmp_path: Path, target: str) -> None:
    project = tmp_path / "project"
    _tree(project, **{"sub/a": ""})
    _tree(tmp_path, **{"outside/x": ""})
    (project / "link").symlink_to(target)
    if target == "away/x":
        (project / "away").symlink_to("../outside")
    with pytest.raises(ConfigurationError, match="a link out of the project"):
        choose(project)
    assert "link" not in _paths(project, "link", "away")


def test_an_absolute_link_into_the_project_is_refused_too(tmp_path: Path) -> None:
    _tree(tmp_path, a="1")
    (tmp_path / "b").symlink_to(tmp_path / "a")
    with pytest.raises(ConfigurationError, match="the job would not find it"):
        choose(tmp_path)


def test_sockets_and_pipes_are_refused_unless_ignored(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(ConfigurationError, match="pipe is a socket, a pipe or a device"):
        choose(tmp_path)
    assert choose(tmp_path, ["pipe"]) == ()
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(os.path.relpath(tmp_path / "s"))
        with pytest.raises(ConfigurationError, match="s is a socket"):
            choose(tmp_path, ["pipe"])


def test_a_file_name_that_is_not_utf8_is_refused(tmp_path: Path) -> None:
    Path(os.fsdecode(os.fsencode(tmp_path) + b"/\xff")).touch()
    with pytest.raises(ConfigurationError, match="not UTF-8"):
        choose(tmp_path)


def test_a_missing_folder_is_our_error(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="cannot read the folder"):
        choose(tmp_path / "none")


def test_a_project_reached_through_a_link_is_read(tmp_path: Path) -> None:
    _tree(tmp_path / "real", **{"a.py": "1"})
    (tmp_path / "project").symlink_to("real")
    assert _paths(tmp_path / "project") == ["a.py"]


def test_empty_folders_come_along_as_with_docker(tmp_path: Path) -> None:
    _tree(tmp_path, **{"src/a.py": "", "cache/x.pyc": "", ".dockerignore": "left"})
    (tmp_path / "out" / "plots").mkdir(parents=True)
    (tmp_path / "left" / "out").mkdir(parents=True)
    (tmp_path / "out").chmod(0o700)
    folders = [file for file in choose(tmp_path) if file.is_folder]
    assert [(folder.path, folder.mode) for folder in folders] == [("cache", 0o755), ("out/plots", 0o755)]


def test_hard_links_are_files_of_their_own(tmp_path: Path) -> None:
    _tree(tmp_path, a="12")
    os.link(tmp_path / "a", tmp_path / "b")
    assert choose(tmp_path) == (ProjectFile("a", 2, 0o644), ProjectFile("b", 2, 0o644))


def test_the_ignore_file_of_a_dockerfile_comes_before_the_general_one(tmp_path: Path) -> None:
    _tree(tmp_path, **{".dockerignore": "a", "docker/Dockerfile.dockerignore": "b\ndocker", "a": "", "b": ""})
    assert [file.path for file in choose(tmp_path, dockerfile="docker/Dockerfile")] == [".dockerignore", "a"]
    assert _paths(tmp_path)[:2] == [".dockerignore", "b"]
    assert [file.path for file in choose(tmp_path, dockerfile="Dockerfile")][:2] == [".dockerignore", "b"]


def test_an_ignored_folder_is_not_even_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _tree(tmp_path, **{"a.py": "", "data/x": "", ".git/x": "", "keep/deep/x": "", "keep/other/x": ""})
    opened: list[str] = []
    scandir = os.scandir

    def noted(path: str) -> Any:
        opened.append(os.path.relpath(path, tmp_path))
        return scandir(path)

    monkeypatch.setattr(os, "scandir", noted)
    assert _paths(tmp_path, "data", "keep", "!keep/deep") == ["a.py", "keep/deep/x"]
    assert sorted(opened) == [".", "keep", "keep/deep"]
