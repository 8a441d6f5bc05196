"""What of planned layers stays as it is, what a plan keeps for the next one, and when work stops."""

import os
import tarfile
import threading
from pathlib import Path

import pytest
from msgspec.structs import replace

from chamber.core.errors import ConfigurationError, DockerError
from chamber.run.images.layer_cache import LayerCache
from chamber.run.images.layers import StoredLayer, pack_entries, plan_layers
from chamber.run.project.files import GeneratedFile, select
from chamber.run.threads import Stopped

KEY = b"-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQC7\n"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    made = tmp_path / "project"
    made.mkdir()
    return made


def _spread(project: Path) -> Path:
    for number in range(24):
        (project / f"f{number}").touch()
        os.truncate(project / f"f{number}", 2 << 20)
    return project


def test_what_is_planned_and_packed_cannot_be_changed(project: Path) -> None:
    (project / "a").write_bytes(b"12")
    planned = plan_layers(project, select(project), cached=False)
    with planned.pack(planned.layers[0]) as packed:
        for one in (planned, planned.layers[0], planned.layers[0].files[0], packed):
            with pytest.raises(AttributeError):
                setattr(one, one.__struct_fields__[0], None)


def test_a_layer_says_what_it_is_and_how_large_it_would_be(project: Path) -> None:
    (project / "a").write_bytes(b"12")
    (project / "b").write_bytes(b"345")
    planned = plan_layers(project, select(project), cached=False)
    assert planned.layers[0].size == 5
    with planned.pack(planned.layers[0]) as packed:
        assert packed.kind == "project"


def test_layers_for_which_there_is_room_stay_as_they_are(project: Path) -> None:
    planned = plan_layers(_spread(project), select(project), cached=False)
    assert planned.within(len(planned.layers)).layers == planned.layers


def test_layers_are_made_once_and_only_where_they_are_asked_for(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (project / "a").write_bytes(b"12")
    asked: list[str] = []
    monkeypatch.setattr(LayerCache, "find", lambda _self, key: asked.append(key))
    planned = plan_layers(project, select(project))
    assert planned.content_key
    assert asked == []
    assert planned.layers is planned.layers
    assert asked == [layer.key for layer in planned.layers]


def test_what_was_packed_into_fewer_layers_is_known_to_whoever_has_as_little_room(project: Path) -> None:
    fewer = plan_layers(_spread(project), select(project)).within(3)
    for layer in fewer.layers:
        fewer.pack(layer).close()
    again = plan_layers(project, select(project)).within(3)
    assert all(layer.known for layer in again.layers)


@pytest.mark.parametrize("cached", [True, False])
def test_a_plan_keeps_what_it_read_where_it_may(project: Path, own_settings: Path, cached: bool) -> None:
    (project / "a").write_bytes(b"12")
    plan_layers(project, select(project), cached=cached)
    kept = own_settings / "cache"
    assert (kept.is_dir() and any(kept.iterdir())) is cached


def test_a_key_is_packed_only_where_it_is_meant_to_be(project: Path) -> None:
    (project / "notes").write_bytes(KEY)
    with pytest.raises(ConfigurationError, match="notes"):
        plan_layers(project, select(project), cached=False)
    selection = select(project, include=["notes"])
    assert plan_layers(project, selection, include=["notes"], cached=False).layers


def test_no_two_files_are_generated_in_one_place(project: Path) -> None:
    made = GeneratedFile("a.py", b"1")
    with pytest.raises(ConfigurationError, match=r"a\.py"):
        plan_layers(project, select(project), [made, made], cached=False)


def test_a_project_that_changed_is_named(project: Path) -> None:
    (project / "a").write_bytes(b"12")
    planned = plan_layers(project, select(project), cached=False)
    with planned.pack(planned.layers[0]) as packed:
        otherwise = replace(planned.layers[0], known=StoredLayer(packed.digest, packed.digest, 1, "project"))
    with pytest.raises(DockerError, match=f"^{project} changed while"):
        planned.pack(otherwise)
    (project / "a").write_bytes(b"34")
    with pytest.raises(DockerError, match=f"^{project} changed while"):
        planned.pack(planned.layers[0])


def test_what_is_made_is_packed_with_its_content() -> None:
    with pack_entries({"opt/a": b"12"}) as layer, tarfile.open(fileobj=layer.content, mode="r:gz") as tar:
        content = tar.extractfile("opt/a")
        assert content is not None
        assert content.read() == b"12"


class _Later(threading.Event):
    """Is set once it was asked so often."""

    def __init__(self, asked: int) -> None:
        super().__init__()
        self._left = asked

    def is_set(self) -> bool:
        self._left -= 1
        return self._left < 0


def test_work_stops_between_files_and_within_one(project: Path) -> None:
    (project / "out").mkdir()
    folders = plan_layers(project, select(project), cached=False)
    with pytest.raises(Stopped):
        folders.pack(folders.layers[0], _Later(0))
    (project / "out" / "a").write_bytes(b"12")
    file = plan_layers(project, select(project), cached=False)
    with pytest.raises(Stopped):
        file.pack(file.layers[0], _Later(1))
