"""Whatever is in a file, detection answers or says which file is wrong: no error of a library leaves it."""

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chamber.core.errors import ConfigurationError
from chamber.run.project import package
from chamber.run.project.detection import detect, read_dependencies

LOCKS = Path(__file__).parent / "locks"
PYPROJECT = """
[build-system]
requires = ["setuptools"]
build-backend = "x"
[project]
name = "p"
version = "1"
requires-python = ">=3.9"
dependencies = ["six", "torch>=2 ; python_version > '3'", "p[a]"]
optional-dependencies = { a = ["x"] }
[project.scripts]
go = "a.b:c"
[dependency-groups]
dev = ["pytest", {include-group = "lint"}]
lint = []
[tool.uv]
index = [{ url = "https://x.example" }]
sources = { six = { git = "https://x.example/y" } }
[tool.poetry]
dependencies = { python = "^3.9", x = { version = "1", python = "<3.11" } }
[tool.setuptools]
package-dir = { "" = "src" }
packages = { find = { where = ["src"] } }
[tool.hatch.version]
path = "p.py"
"""
#: Something that is right, for each file that detection reads.
RIGHT: dict[str, str] = {
    "requirements.txt": "-r a.txt\n-e .\nsix==1 --hash=sha256:aa\ngit+https://x.example/y#egg=z\n--find-links ./x\n",
    "pyproject.toml": PYPROJECT,
    "setup.cfg": "[metadata]\nname = p\nversion = 1\n[options]\ninstall_requires =\n  six\n",
    "setup.py": "A = ['six']\nsetup(name='p', install_requires=A + ['x'], entry_points={'console_scripts': ['a=b:c']})",
    "Pipfile": "[packages]\nsix = '*'\nx = {git = 'https://x.example', ref = 'a'}\n[requires]\npython_version = '3.11'",
    "environment.yml": "dependencies:\n- python=3.10\n- pytorch::pytorch=2.1=py3\n- pip:\n  - six\n  - -r train.py\n",
    "uv.lock": (LOCKS / "uv/uv.lock").read_text(),
    "poetry.lock": (LOCKS / "poetry1/poetry.lock").read_text(),
    "pdm.lock": (LOCKS / "pdm_plain/pdm.lock").read_text(),
    "pylock.toml": (LOCKS / "pip/pylock.toml").read_text(),
    "Pipfile.lock": (LOCKS / "pipenv/Pipfile.lock").read_text(),
    ".python-version": "3.11.4\n",
    "runtime.txt": "python-3.11.4\n",
    "ds_config.json": '{"train_batch_size": 1}',
    "accelerate.yaml": "compute_environment: a\ndistributed_type: b\n",
    "train.py": "import os\nfrom a import b\n",
    "train.ipynb": '{"nbformat": 4, "metadata": {}, "cells": [{"cell_type": "code", "source": "!ls\\nx = 1"}]}',
}
#: What is put in the place of something.
WRONG = [
    b"\0",
    b"\xff\xfe",
    b"\xed\xa0\x80",
    b"\\ud800",
    b"{",
    b"[",
    b"]",
    b'"',
    b"'",
    b"\n",
    b"=",
    b":",
    b"1",
    b"-1",
    b"true",
    b"[]",
    b"{}",
    b"null",
    b"1e999",
    b"9" * 5000,
    b"[" * 2000,
    b'{"a":' * 2000,
    b"((" * 200,
    b"*",
    b"&a [*a]",
    b"!!int",
    b"2001-13-45",
    b"../..",
    b"://",
    b"https://[",
    b"; python_version",
    b" ; extra == 'x'",
    b"@",
    b"^",
    b"~",
    b"||",
    b"-e",
    b"-r",
    b"--",
    b"\\",
    b"%",
    b"%%",
    b"!",
    b"?",
    b"$",
    b"\r",
    b"\x0c",
    b"\xe2\x80\xa8",
    b"===",
    b"===a",
    b"!=1.*",
    b">=1.*",
]


def _detected(directory: Path, name: str, content: bytes) -> None:
    """Raises nothing but ConfigurationError, which says something; of a package alone, it names the file."""
    (directory / name).write_bytes(content)
    start = "train.ipynb" if name.endswith(".ipynb") else None
    for asked in (None, name):
        _only_ours(lambda asked=asked: detect(directory, {name, "train.py"}, start, dependencies=asked), "")
    for read in (package.generated, package.source_roots):
        _only_ours(lambda read=read: read(directory, {name}), name)


def _only_ours(call: Callable[[], object], words: str) -> None:
    message = ""
    try:
        call()
    except ConfigurationError as error:
        message = str(error)
    assert not message or words in message


@st.composite
def _spoilt(draw: st.DrawFn, name: str) -> bytes:
    content = RIGHT[name].encode()
    for _ in range(draw(st.integers(1, 3))):
        start = draw(st.integers(0, len(content)))
        end = min(len(content), start + draw(st.integers(0, 20)))
        content = content[:start] + draw(st.sampled_from(WRONG)) + content[end:]
    return content


@pytest.mark.parametrize("name", RIGHT)
@settings(deadline=None, max_examples=50, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_a_spoilt_file_is_an_error_of_ours(
    name: str, data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    directory = tmp_path_factory.mktemp("spoilt")
    (directory / "train.py").write_text("")
    _detected(directory, name, data.draw(_spoilt(name)))


@pytest.mark.parametrize("name", RIGHT)
@settings(deadline=None, max_examples=20, suppress_health_check=list(HealthCheck))
@given(content=st.binary(max_size=200))
def test_arbitrary_bytes_are_an_error_of_ours(
    name: str, content: bytes, tmp_path_factory: pytest.TempPathFactory
) -> None:
    directory = tmp_path_factory.mktemp("bytes")
    (directory / "train.py").write_text("")
    _detected(directory, name, content)


@pytest.mark.parametrize(
    "name", [name for name in RIGHT if name not in {"train.py", "ds_config.json", "accelerate.yaml"}]
)
@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"six\n\xff\n", r"line 2: this is not UTF-8"),
        (b"six\n\0", r"line 2: there is a NUL"),
    ],
    ids=["latin", "nul"],
)
def test_what_is_no_text_is_refused_with_file_and_line(name: str, content: bytes, words: str, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(content)
    (tmp_path / "train.py").write_text("")
    start = "train.ipynb" if name.endswith(".ipynb") else None
    with pytest.raises(ConfigurationError, match=words) as refused:
        detect(tmp_path, {name, "train.py"}, start)
    assert name in str(refused.value)


@pytest.mark.parametrize(
    "name", ["pyproject.toml", "uv.lock", "Pipfile.lock", "environment.yml", "setup.py", "train.ipynb"]
)
def test_what_is_nested_too_deeply_is_refused(name: str, tmp_path: Path) -> None:
    opening = b"x = " if name.endswith((".toml", ".lock")) and name != "Pipfile.lock" else b""
    (tmp_path / name).write_bytes(opening + b"[" * 100_000)
    with pytest.raises(ConfigurationError, match=name):
        detect(tmp_path, {name, "train.py"}, "train.ipynb" if name.endswith(".ipynb") else None)


def test_a_list_that_is_too_large_in_each_part_is_read_in_seconds(tmp_path: Path) -> None:
    (tmp_path / "requirements.txt").write_text("six\\\n" * 200_000)
    with pytest.raises(ConfigurationError, match=r"requirements\.txt, line 1"):
        read_dependencies(tmp_path, {"requirements.txt"})


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("requirements.txt", "six=={}"),
        ("requirements.txt", "six ; python_version < '{}'"),
        ("pyproject.toml", "[project]\nrequires-python = '>={}'"),
        ("pyproject.toml", "[project]\nname = 'p'\nversion = '{}'\n[build-system]\nrequires = ['x=={}']"),
        ("pyproject.toml", "[tool.poetry.dependencies]\nx = '^{}'"),
        ("environment.yml", "dependencies: [python={}, numpy={}]"),
        ("setup.cfg", "[metadata]\nname = p\nversion = {}\n[options]\npython_requires = >={}\ninstall_requires = x"),
        (".python-version", "3.{}"),
        ("runtime.txt", "python-3.{}"),
        ("Pipfile", "[requires]\npython_version = '3.{}'"),
        ("poetry.lock", "metadata = {python-versions = '>=@'}\n[[package]]\nname = 'x'\nversion = '@'"),
        ("pdm.lock", "[metadata]\n[[package]]\nname = 'x'\nversion = '1'\nmarker = \"python_version < '{}'\""),
    ],
)
def test_a_version_that_no_number_holds_is_an_error_of_ours(name: str, text: str, tmp_path: Path) -> None:
    (tmp_path / "train.py").write_text("")
    _detected(tmp_path, name, text.replace("{}", "9" * 5000).replace("@", "9" * 5000).encode())


def test_requirements_that_include_each_other_without_end_are_refused(tmp_path: Path) -> None:
    for number in range(150):
        (tmp_path / f"r{number}.txt").write_text(f"-r r{number + 1}.txt\n")
    with pytest.raises(ConfigurationError, match="more than 100 files"):
        read_dependencies(tmp_path, {f"r{number}.txt" for number in range(150)}, "r0.txt")
