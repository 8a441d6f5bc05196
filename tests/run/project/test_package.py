import importlib.metadata
import os
import subprocess
import sys
from pathlib import Path

import pytest

from chamber.core.errors import ConfigurationError
from chamber.run.project import package
from chamber.run.project.detection import detect

PYPROJECT = """
[build-system]
requires = ["hatchling"]
build-backend = "hatchling.build"
[project]
name = "Acme.Train"
version = "1.2.0"
requires-python = ">=3.11"
dependencies = ["six>=1"]
[project.scripts]
acme-train = "acme.cli:main"
[project.entry-points."acme.models"]
small = "acme.models:Small"
"""
CLI = "import importlib.metadata, sys\ndef main():\n    print(importlib.metadata.version('acme-train'), sys.argv[1:])\n"


def _write(directory: Path, **files: str) -> set[str]:
    for name, text in files.items():
        (directory / name).parent.mkdir(parents=True, exist_ok=True)
        (directory / name).write_text(text)
    return set(files)


def _generate(directory: Path, paths: set[str]) -> dict[str, Path]:
    written = {}
    for file in package.generated(directory, paths):
        target = directory / file.path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(file.content)
        target.chmod(file.mode)
        written[file.path] = target
    return written


@pytest.mark.parametrize("root", ["", "src/"])
def test_a_package_has_its_commands_and_its_metadata(tmp_path: Path, root: str) -> None:
    files = {"pyproject.toml": PYPROJECT, f"{root}acme/__init__.py": "", f"{root}acme/cli.py": CLI}
    written = _generate(tmp_path, _write(tmp_path, **files))
    command = tmp_path / ".chamber/bin/acme-train"
    assert command.stat().st_mode & 0o777 == 0o755
    environment = {**os.environ, "PYTHONPATH": ""}
    done = subprocess.run(
        [sys.executable, command, "--lr", "1"], cwd="/", env=environment, capture_output=True, text=True, check=True
    )
    assert done.stdout == "1.2.0 ['--lr', '1']\n"
    (found,) = importlib.metadata.distributions(path=[str(tmp_path / package.SITE)])
    assert (found.name, found.version, found.requires) == ("Acme.Train", "1.2.0", ["six>=1"])
    assert found.metadata["Requires-Python"] == ">=3.11"
    assert {(one.group, one.name, one.value) for one in found.entry_points} == {
        ("console_scripts", "acme-train", "acme.cli:main"),
        ("acme.models", "small", "acme.models:Small"),
    }
    assert found.read_text("top_level.txt") == "acme\n"
    assert min(written) == ".chamber/bin/acme-train"
    assert package.source_roots(tmp_path, set(files)) == (("src", ".") if root else (".",))


def test_the_command_is_what_detection_starts(tmp_path: Path) -> None:
    paths = _write(tmp_path, **{"pyproject.toml": PYPROJECT, "acme/__init__.py": "", "acme/cli.py": CLI})
    profile, _ = detect(tmp_path, paths)
    assert profile.entrypoint in _generate(tmp_path, paths)


@pytest.mark.parametrize(
    ("files", "version"),
    [
        ({"setup.py": "setup(name='p', version='1.5')"}, "1.5"),
        ({"setup.cfg": "[metadata]\nname = p\nversion = 2.0"}, "2.0"),
        (
            {"setup.cfg": "[metadata]\nname = p\nversion = attr: p.__version__", "p/__init__.py": "__version__ = '3'"},
            "3",
        ),
        (
            {
                "pyproject.toml": '[project]\nname="p"\ndynamic=["version"]\n[build-system]\nrequires=[]',
                "src/p/__init__.py": "",
                "src/p/_version.py": "version: str = '4.1'",
            },
            "4.1",
        ),
        (
            {
                "pyproject.toml": '[project]\nname="p"\n[build-system]\nrequires=[]\n[tool.hatch.version]\npath="v.py"',
                "v.py": "__version__ = '5'",
            },
            "5",
        ),
        ({"setup.py": "setup(name='p', version=open('v').read())"}, "0+unknown"),
        ({"pyproject.toml": '[tool.poetry]\nname="p"\nversion="6.0"\n[build-system]\nrequires=[]'}, "6.0"),
    ],
)
def test_the_version_is_read_and_never_run(tmp_path: Path, files: dict[str, str], version: str) -> None:
    read = package.read(tmp_path, _write(tmp_path, **files))
    assert read is not None
    assert read.version == version
    assert bool(read.warnings) is (version == "0+unknown")


@pytest.mark.parametrize(
    "files",
    [
        {"train.py": ""},
        {"pyproject.toml": '[project]\nname = "p"\ndependencies = []'},
        {"pyproject.toml": '[tool.poetry]\nname = "p"\npackage-mode = false\n[build-system]\nrequires = []'},
        {"pyproject.toml": '[project]\nname = "p"\n[build-system]\nrequires = []\n[tool.uv]\npackage = false'},
        {"pyproject.toml": "[tool.ruff]\nline-length = 100"},
    ],
)
def test_what_is_no_package_gets_nothing(tmp_path: Path, files: dict[str, str]) -> None:
    assert package.generated(tmp_path, _write(tmp_path, **files)) == ()


@pytest.mark.parametrize(
    ("text", "root"),
    [
        ('[tool.setuptools]\npackage-dir = {"" = "lib"}', "lib"),
        ('[tool.setuptools.packages.find]\nwhere = ["python"]', "python"),
        ('[tool.poetry]\nname = "p"\npackages = [{include = "p", from = "code"}]', "code"),
    ],
)
def test_the_folder_of_the_modules_is_found(tmp_path: Path, text: str, root: str) -> None:
    paths = _write(tmp_path, **{"pyproject.toml": text, f"{root}/p/__init__.py": ""})
    assert package.source_roots(tmp_path, paths) == (root, ".")


@pytest.mark.parametrize(
    "line", ['x = "no module"', '"../x" = "a:b"', '".x" = "a:b"', 'x = "a:b;import os"', 'x = "a"', '"" = "a:b"']
)
def test_a_command_that_cannot_be_is_refused(tmp_path: Path, line: str) -> None:
    paths = _write(tmp_path, **{"pyproject.toml": f'[project]\nname = "p"\n[project.scripts]\n{line}\n'})
    with pytest.raises(ConfigurationError, match=r"pyproject\.toml: project\.scripts"):
        package.generated(tmp_path, paths)
