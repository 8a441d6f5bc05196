import os
import subprocess
from pathlib import Path

import pytest

from chamber.run.job.commit import clean_commit


def _git(directory: Path, *arguments: str) -> str:
    identity = ("-c", "user.name=a", "-c", "user.email=a@b.example", "-c", "commit.gpgsign=false")
    done = subprocess.run(["git", "-C", directory, *identity, *arguments], check=True, capture_output=True, text=True)
    return done.stdout.strip()


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    (tmp_path / "project").mkdir()
    (tmp_path / "project" / "train.py").write_text("1")
    (tmp_path / ".gitignore").write_text("*.log\n")
    _git(tmp_path, "init", "-q")
    _git(tmp_path, "add", ".")
    _git(tmp_path, "commit", "-qm", "one")
    return tmp_path


def test_a_clean_tree_is_its_commit(repository: Path) -> None:
    (repository / "out.log").write_text("ignored")
    assert clean_commit(repository) == clean_commit(repository / "project") == _git(repository, "rev-parse", "HEAD")


@pytest.mark.parametrize("file", ["project/train.py", "project/new.py"])
def test_a_changed_tree_is_no_commit(repository: Path, file: str) -> None:
    (repository / file).write_text("2")
    assert clean_commit(repository) is None


def test_what_is_changed_beside_the_project_does_not_matter(repository: Path) -> None:
    (repository / "notes.md").write_text("2")
    assert clean_commit(repository / "project") is not None


def test_there_is_none_outside_a_repository_and_before_the_first_commit(tmp_path: Path) -> None:
    assert clean_commit(tmp_path) is None
    _git(tmp_path, "init", "-q")
    assert clean_commit(tmp_path) is None


def test_there_is_none_without_git(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    assert clean_commit(repository) is None


def test_a_repository_named_in_the_environment_is_not_looked_at(
    repository: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GIT_DIR", str(repository / ".git"))
    assert clean_commit(tmp_path_factory.mktemp("other")) is None


def test_programs_of_the_repository_are_not_run(repository: Path) -> None:
    trace = repository.parent / f"{repository.name}.trace"
    monitor = repository / ".git" / "monitor"
    monitor.write_text(f"#!/bin/sh\ntouch {trace}\n")
    monitor.chmod(0o755)
    _git(repository, "config", "core.fsmonitor", str(monitor))
    os.utime(repository / "project" / "train.py")
    assert clean_commit(repository) is not None
    assert not trace.exists()
