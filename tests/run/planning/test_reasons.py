from pathlib import Path
from typing import Any

from chamber.core import ChamberClient
from chamber.run.planning.reasons import Build
from chamber.run.registry import base_sizes

BASE = "ghcr.io/us/base:1"


def _build(directory: Path, **arguments: Any) -> Build:
    (directory / "train.py").write_text("print(1)\n")
    with ChamberClient(token="ch.test") as client:
        return client.plan(directory, team="ml", **{"registry": "localhost:5000", **arguments}).build


def test_a_new_project_is_uploaded_as_one_layer(tmp_path: Path) -> None:
    build = _build(tmp_path)
    assert (build.project, build.upload) == ("new", "1 layer, 9 bytes before it is packed")


def test_the_bytes_of_a_base_elsewhere_are_told_when_it_was_met_before(tmp_path: Path) -> None:
    assert "whose size is told when they are looked up, from ghcr.io" in _build(tmp_path, base_image=BASE).crossing
    base_sizes.remember(BASE, "linux/amd64", 9_800_000_000)
    told = _build(tmp_path, base_image=BASE).crossing
    assert told == "9.8 GB from ghcr.io once, unless localhost:5000 has them"
    assert "9.8 GB" not in _build(tmp_path, base_image=BASE, platform="linux/arm64").crossing


def test_a_base_in_the_same_registry_crosses_nothing(tmp_path: Path) -> None:
    assert _build(tmp_path, base_image="localhost:5000/base:1").crossing == ""
    assert _build(tmp_path, base_image=BASE, registry="ghcr.io/us").crossing == ""


def test_a_dockerfile_says_itself_what_the_image_is_made_from(tmp_path: Path) -> None:
    (tmp_path / "Dockerfile").write_text("FROM a.test/b:1\n")
    build = _build(tmp_path)
    assert (build.base, build.environment, build.crossing) == ("", "Dockerfile makes the image", "")
