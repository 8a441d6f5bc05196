from chamber.run import cache
from chamber.run.registry import base_sizes


def test_a_base_that_was_used_is_known_by_reference_and_platform() -> None:
    base_sizes.remember("python:3.11", "linux/amd64", 50)
    base_sizes.remember("python:3.11", "linux/arm64", 40)
    base_sizes.remember("python:3.11", "linux/arm64", 41)
    assert base_sizes.known("python:3.11", "linux/amd64") == 50
    assert base_sizes.known("python:3.11", "linux/arm64") == 41
    assert base_sizes.known("python:3.12", "linux/amd64") is None


def test_a_broken_cache_knows_no_size() -> None:
    cache.write("base-sizes.json", b'{"a": "b"}')
    assert base_sizes.known("python:3.11", "linux/amd64") is None
