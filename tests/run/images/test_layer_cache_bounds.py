"""How much is known of packed layers, and when it is written."""

from pathlib import Path

import pytest
from msgspec import msgpack
from msgspec.structs import replace

from chamber.run import cache
from chamber.run.images import layer_cache
from chamber.run.images.layer_cache import LayerCache, StoredLayer

LAYER = StoredLayer("sha256:" + "a" * 64, "sha256:" + "b" * 64, 12, "project")


@pytest.fixture
def unwritten(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> LayerCache:
    """A cache that is not written, which would take as long as all else."""
    monkeypatch.setattr(cache, "write", lambda *_: None)
    return LayerCache(tmp_path)


def test_1024_layers_are_known(unwritten: LayerCache) -> None:
    for number in range(1025):
        unwritten.remember(str(number), LAYER)
    assert (unwritten.find("0"), unwritten.find("1"), unwritten.find("1024")) == (None, LAYER, LAYER)


def test_what_is_kept_anew_is_not_forgotten_first(unwritten: LayerCache) -> None:
    for number in range(1024):
        unwritten.remember(str(number), LAYER)
    unwritten.remember("0", replace(LAYER, size=13))
    unwritten.remember("new", LAYER)
    assert (unwritten.find("0"), unwritten.find("1")) == (replace(LAYER, size=13), None)


def test_what_an_earlier_version_kept_is_known(tmp_path: Path) -> None:
    content = [layer_cache._VERSION, {"k": [LAYER.digest, LAYER.diff_id, 12, "project"]}]
    cache.write(cache.name_for("layers", tmp_path), msgpack.encode(content))
    assert LayerCache(tmp_path).find("k") == LAYER


def test_what_is_known_already_is_not_written_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    known, written = LayerCache(tmp_path), []
    monkeypatch.setattr(cache, "write", lambda name, content: written.append(name))
    for layer in (LAYER, LAYER, replace(LAYER, size=13)):
        known.remember("k", layer)
    assert written == [cache.name_for("layers", tmp_path)] * 2
    assert known.find("k") == replace(LAYER, size=13)


def test_what_is_known_of_a_layer_cannot_be_changed() -> None:
    with pytest.raises(AttributeError):
        LAYER.size = 1  # type: ignore[misc]
