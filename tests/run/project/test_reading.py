from pathlib import Path

import pytest

from chamber.core.errors import ConfigurationError
from chamber.run.project.files import select
from chamber.run.project.reading import digests


def _tree(root: Path, **files: str) -> Path:
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return root


def test_a_key_stops_with_its_kind_and_without_its_value(tmp_path: Path) -> None:
    key = "hf_" + "AbCdEfGhIjKlMnOpQrStUvWxYzAbCdEfGh"
    _tree(tmp_path, **{"src/config.py": "x = 1\n" * 300_000 + f"TOKEN = '{key}'"})
    with pytest.raises(ConfigurationError, match=r"src/config\.py .*a Hugging Face token") as caught:
        digests(tmp_path, select(tmp_path))
    assert key not in str(caught.value)
    digests(tmp_path, select(tmp_path), None, ["src/config.py"])


@pytest.mark.parametrize("before", [(1 << 20) - 20, (2 << 20) - 1])
def test_a_key_across_two_pieces_is_seen(tmp_path: Path, before: int) -> None:
    _tree(tmp_path, a="." * before + " ghp_" + "a1B2" * 9)
    with pytest.raises(ConfigurationError, match="GitHub"):
        digests(tmp_path, select(tmp_path))


def test_large_binaries_are_not_searched(tmp_path: Path) -> None:
    (tmp_path / "model.bin").write_bytes(b"\0" * (1 << 20) + b" ghp_" + b"a1B2" * 9)
    digests(tmp_path, select(tmp_path))


def test_links_are_not_searched(tmp_path: Path) -> None:
    (tmp_path / "gone").symlink_to("nothing")
    digests(tmp_path, select(tmp_path))
