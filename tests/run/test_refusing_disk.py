"""`run()` where nothing can be kept: it goes on, and what was not kept is logged; what it needs is our error."""

import contextlib
import errno
import logging
import os
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from chamber.core import ChamberClient
from chamber.core.errors import ConfigurationError, DockerError
from chamber.local import LocalChamber
from chamber.run.images import tarball

_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT


@pytest.fixture
def chamber(own_settings: Path) -> Iterator[LocalChamber]:
    with LocalChamber(executor="simulated") as running:
        yield running


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "train.py").write_text("print(1)")
    return tmp_path


def _refusing(code: int) -> Callable[..., Any]:
    def refuse(*_arguments: object, **_options: object) -> Any:
        raise OSError(code, os.strerror(code))

    return refuse


def _is_below(folder: Path, path: object) -> bool:
    return isinstance(path, str | os.PathLike) and Path(path).is_relative_to(folder)


def read_only(home: Path, patch: pytest.MonkeyPatch) -> None:
    """Nothing below `home` can be written, made or removed: that is all a read-only mount is."""
    opened = os.open
    refuse = _refusing(errno.EROFS)

    def open_(path: Any, flags: int, *mode: Any, **options: Any) -> int:
        return refuse() if flags & _WRITING and _is_below(home, path) else opened(path, flags, *mode, **options)

    patch.setattr(os, "open", open_)
    for name in ("mkdir", "replace", "rename", "unlink", "utime", "chmod"):
        real = getattr(os, name)

        def changed(path: Any, *rest: Any, _real: Any = real, **options: Any) -> Any:
            return refuse() if _is_below(home, path) else _real(path, *rest, **options)

        patch.setattr(os, name, changed)


class FullDisk:
    """A file that was made, and that nothing can be written to."""

    def __init__(self, stream: Any) -> None:
        self._stream = stream
        self.write = _refusing(errno.ENOSPC)
        self.flush, self.fileno, self.close = stream.flush, stream.fileno, stream.close

    def __enter__(self) -> "FullDisk":
        return self

    def __exit__(self, *_: object) -> None:
        self._stream.close()


def full(home: Path, patch: pytest.MonkeyPatch) -> None:
    """Files can be made below `home`, and no byte fits into them."""
    opened = os.fdopen

    def fdopen(descriptor: int, mode: str = "r", *rest: Any, **options: Any) -> Any:
        stream = opened(descriptor, mode, *rest, **options)
        with contextlib.suppress(OSError):
            if "w" in mode and _is_below(home, Path(f"/proc/self/fd/{descriptor}").readlink()):
                return FullDisk(stream)
        return stream

    patch.setattr(os, "fdopen", fdopen)


def _run(chamber: LocalChamber, project: Path, **options: Any) -> Any:
    with chamber.client() as client:
        return client.run(project, team=chamber.team, wait=True, poll_interval=0.05, timeout=60, **options)


@pytest.mark.parametrize("disk", [read_only, full])
def test_a_run_goes_on_and_what_was_not_kept_is_logged(
    chamber: LocalChamber,
    project: Path,
    own_settings: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    disk: Callable[[Path, pytest.MonkeyPatch], None],
) -> None:
    before = sorted(own_settings.rglob("*"))
    with monkeypatch.context() as patch, caplog.at_level(logging.WARNING, "chamber"):
        disk(own_settings, patch)
        first, second = _run(chamber, project, name="refused"), _run(chamber, project, name="refused")
    assert {first.status, second.status} == {"COMPLETED"}
    assert first.id != second.id
    assert "not kept in the cache" in caplog.text
    assert "submission not journalled" in caplog.text
    assert [file for file in sorted(own_settings.rglob("*")) if file not in before and file.is_file()] == []
    assert _run(chamber, project, name="refused").status == "COMPLETED"
    assert list((own_settings / "cache").glob("run-*"))


@pytest.mark.parametrize("disk", [read_only, full])
def test_a_setting_that_cannot_be_kept_is_an_error_and_loses_none(
    own_settings: Path, monkeypatch: pytest.MonkeyPatch, disk: Callable[[Path, pytest.MonkeyPatch], None]
) -> None:
    ChamberClient.add_registry("prod", "registry.example/prod")
    before = {file: file.read_bytes() for file in own_settings.iterdir()}
    with monkeypatch.context() as patch:
        disk(own_settings, patch)
        with pytest.raises(ConfigurationError, match=r"config\.json cannot be written \(.*; it is as it was"):
            ChamberClient.add_registry("dev", "registry.example/dev")
        assert ChamberClient.list_registries() == {"prod": "registry.example/prod"}
    assert {file: file.read_bytes() for file in own_settings.iterdir()} == before


def test_a_user_without_a_home_folder_can_pass_everything(
    chamber: LocalChamber, project: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def homeless() -> Path:
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.delenv("CHAMBER_CONFIG_DIR")
    monkeypatch.setattr(Path, "home", homeless)
    monkeypatch.delenv("DOCKER_CONFIG", raising=False)
    with chamber.client() as client:
        plan = client.plan(project, team=chamber.team, registry=f"{chamber.registry}/x", name="homeless")
        assert plan.repository == f"{chamber.registry}/x/homeless"
        assert client.submit_job("homeless", chamber.team, "H100").name == "homeless"
        with pytest.raises(ConfigurationError, match="CHAMBER_CONFIG_DIR"):
            client.add_registry("prod", "registry.example/prod")
    assert "submission not journalled" in caplog.text


@pytest.mark.parametrize("refused", ["TemporaryFile", "write"])
def test_a_temporary_folder_without_room_is_an_error_before_anything_is_submitted(
    chamber: LocalChamber, project: Path, monkeypatch: pytest.MonkeyPatch, refused: str
) -> None:
    (project / "weights.bin").write_bytes(os.urandom(4096))
    monkeypatch.setattr(tarball, "_IN_MEMORY", 1024)

    def file() -> Any:
        return FullDisk(tempfile.TemporaryFile())

    monkeypatch.setattr(tarball, "TemporaryFile", _refusing(errno.ENOSPC) if refused == "TemporaryFile" else file)
    with pytest.raises(DockerError, match="No space left on device"):
        _run(chamber, project, name="no-room")
    with chamber.client() as client:
        assert client.list_workloads().items == []
