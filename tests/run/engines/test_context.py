import os
import stat
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chamber.core.errors import DockerError
from chamber.core.redaction import Secret
from chamber.run.engines import Build
from chamber.run.engines.context import laid_out
from chamber.run.images.layers import ProjectLayers, plan_layers
from chamber.run.project.files import choose, select
from chamber.run.threads import Stop, Stopped


def _tree(project: Path, include: tuple[str, ...] = ()) -> ProjectLayers:
    return plan_layers(project, select(project, include=include), include=include)


def _build(tree: ProjectLayers) -> Build:
    return Build(tag="a.example/b:1", dockerfile="FROM scratch\n", context=tree)


def _modes(folder: Path) -> dict[str, int]:
    return {
        str(path.relative_to(folder)): stat.S_IMODE(path.lstat().st_mode)
        for path in folder.rglob("*")
        if not path.is_dir()
    }


def test_what_is_laid_out_is_for_its_owner_alone_and_gone_at_the_end() -> None:
    build = Build(
        tag="a.example/b:1",
        dockerfile="FROM scratch\n",
        context={"deep/er/requirements.txt": b"six"},
        secrets={"index": Secret("hidden")},
    )
    with laid_out(build, Stop()) as folder:
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
        assert (folder / "Dockerfile").read_text() == "FROM scratch\n"
        assert _modes(folder / "context") == {"deep/er/requirements.txt": 0o644}
        assert (folder / "secrets" / "index").read_text() == "hidden"
    assert not folder.exists()


def test_a_project_is_laid_out_as_it_was_chosen(tmp_path: Path) -> None:
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "go").write_text("#!/bin/sh\n")
    (tmp_path / "bin" / "go").chmod(0o750)
    (tmp_path / "data.csv").write_text("1")
    (tmp_path / "data.csv").chmod(0o600)
    (tmp_path / "link").symlink_to("bin/go")
    (tmp_path / ".env").write_text("KEY=1")
    with laid_out(_build(_tree(tmp_path)), Stop()) as folder:
        assert _modes(folder / "context") == {"bin/go": 0o755, "data.csv": 0o644, "link": 0o777}
        assert str((folder / "context" / "link").readlink()) == "bin/go"


def test_no_rule_of_the_project_is_applied_a_second_time(tmp_path: Path) -> None:
    (tmp_path / ".dockerignore").write_text("*.bin\n")
    (tmp_path / "weights.bin").write_text("1")
    with laid_out(_build(_tree(tmp_path, include=("weights.bin",))), Stop()) as folder:
        assert [path.name for path in (folder / "context").iterdir()] == ["weights.bin"]


@pytest.mark.parametrize("change", ["edit", "remove", "link", "pipe"])
def test_a_file_that_changed_since_it_was_chosen_is_refused(tmp_path: Path, change: str) -> None:
    file = tmp_path / "train.py"
    file.write_text("1")
    build = _build(_tree(tmp_path))
    file.unlink()
    if change == "edit":
        file.write_text("2")
    elif change == "link":
        file.symlink_to("/etc/passwd")
    elif change == "pipe":
        os.mkfifo(file)
    left = set(Path(tempfile.gettempdir()).glob("chamber-build-*"))
    with pytest.raises(DockerError, match=str(tmp_path)), laid_out(build, Stop()):
        pass
    assert set(Path(tempfile.gettempdir()).glob("chamber-build-*")) <= left


def test_it_stops_when_it_is_told_to(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("1")
    stop = Stop()
    stop.set()
    with pytest.raises(Stopped), laid_out(_build(_tree(tmp_path)), stop):
        pass


def test_an_error_while_it_is_used_stays_what_it_is() -> None:
    build = Build(tag="a.example/b:1", dockerfile="", context={})
    with pytest.raises(InterruptedError), laid_out(build, Stop()):
        raise InterruptedError


@settings(deadline=None, max_examples=20)
@given(st.dictionaries(st.from_regex(r"[a-z]{1,3}(/[a-z]{4,6})?\.py", fullmatch=True), st.binary(max_size=50)))
def test_the_copy_has_the_content_of_the_project(files: dict[str, bytes]) -> None:
    with tempfile.TemporaryDirectory() as name:
        project = Path(name)
        for path, content in files.items():
            (project / path).parent.mkdir(exist_ok=True)
            (project / path).write_bytes(content)
        with laid_out(_build(_tree(project)), Stop()) as folder:
            context = folder / "context"
            assert {path: (context / path).read_bytes() for path in files} == files
            assert choose(context) == choose(project)
