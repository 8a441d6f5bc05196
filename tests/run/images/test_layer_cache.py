import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from msgspec import msgpack

from chamber.run import cache
from chamber.run.images import layer_cache
from chamber.run.images.layer_cache import LayerCache, StoredLayer

LAYER = StoredLayer("sha256:" + "a" * 64, "sha256:" + "b" * 64, 12, "project")


def test_a_layer_is_known_by_its_key_from_then_on(tmp_path: Path) -> None:
    LayerCache(tmp_path).remember("k", LAYER)
    assert LayerCache(tmp_path).find("k") == LAYER
    assert LayerCache(tmp_path).find("other") is None
    assert LayerCache(tmp_path / "elsewhere").find("k") is None


def test_another_compressor_knows_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    LayerCache(tmp_path).remember("k", LAYER)
    monkeypatch.setattr(layer_cache, "_VERSION", "1 zlib 9")
    assert LayerCache(tmp_path).find("k") is None


@pytest.mark.parametrize("content", [b"", b"\x92", msgpack.encode(["1", {"k": ["a"]}])])
def test_a_broken_cache_knows_nothing(tmp_path: Path, content: bytes) -> None:
    cache.write(cache.name_for("layers", tmp_path), content)
    assert LayerCache(tmp_path).find("k") is None


def test_those_kept_longest_ago_are_forgotten(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(layer_cache, "_MOST", 2)
    known = LayerCache(tmp_path)
    for key in "abc":
        known.remember(key, LAYER)
    assert [LayerCache(tmp_path).find(key) for key in "abc"] == [None, LAYER, LAYER]


def test_what_many_threads_keep_at_once_is_all_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each write is held up, so that an older one would come last."""
    written, waiting = cache.write, iter([0.05, 0.0] * 8)

    def slowly(name: str, content: bytes) -> None:
        time.sleep(next(waiting))
        written(name, content)

    monkeypatch.setattr(cache, "write", slowly)
    kept = LayerCache(tmp_path)
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda number: kept.remember(f"{number}", LAYER), range(16)))
    assert all(LayerCache(tmp_path).find(f"{number}") == LAYER for number in range(16))
