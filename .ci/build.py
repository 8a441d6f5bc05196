"""Builds every member, and looks at what came of it: ``hatch run build [FOLDER]``, by default ``dist``.

A wheel is built from the source distribution, as installers without it would. What is not as it has to be is told, and
the exit code is 1.
"""

import argparse
import email
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
MEMBERS = sorted(file.parent for file in ROOT.glob("packages/chamber-*/pyproject.toml"))
#: What a source distribution has beside ``src``.
BESIDE = {"LICENSE", "PKG-INFO", "README.md", "pyproject.toml", ".gitignore"}


def main(arguments: list[str]) -> int:
    """Build all, have twine look at the metadata, and look at what the files hold."""
    parser = argparse.ArgumentParser("hatch run build", description=main.__doc__)
    parser.add_argument("folder", nargs="?", type=Path, default=ROOT / "dist", help="empty, or made (dist)")
    folder: Path = parser.parse_args(arguments).folder
    if folder.exists() and any(folder.iterdir()):
        print(f"{folder} is not empty: what is there would be published too", file=sys.stderr)
        return 2
    for member in MEMBERS:
        subprocess.run([sys.executable, "-m", "uv", "build", "--quiet", "--out-dir", str(folder), member], check=True)
    made = sorted(str(file) for file in [*folder.glob("*.whl"), *folder.glob("*.tar.gz")])
    subprocess.run([sys.executable, "-m", "twine", "check", "--strict", *made], check=True)
    wrong = [complaint for member in MEMBERS for complaint in complaints(member, folder)]
    for complaint in wrong:
        print(complaint, file=sys.stderr)
    print(f"{len(made)} files in {folder}, {len(wrong)} complaints")
    return 1 if wrong else 0


def complaints(member: Path, folder: Path) -> Iterator[str]:
    """What is wrong with the wheel and the source distribution of a member."""
    told = tomllib.loads((member / "pyproject.toml").read_text("utf-8"))
    stem = f"{member.name.replace('-', '_')}-{told['project']['version']}"
    (packages,) = told["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]
    source = member / packages
    wanted = {str(file.relative_to(source.parent)) for file in source.rglob("*") if _is_shipped(file)}
    for complaint in (*_of_wheel(folder / f"{stem}-py3-none-any.whl", wanted), *_of_sdist(folder / f"{stem}.tar.gz")):
        yield f"{member.name}: {complaint}"


def _is_shipped(file: Path) -> bool:
    return file.is_file() and "__pycache__" not in file.parts


def _of_wheel(wheel: Path, wanted: set[str]) -> Iterator[str]:
    with zipfile.ZipFile(wheel) as archive:
        names = {name for name in archive.namelist() if ".dist-info/" not in name}
        about = {name.partition(".dist-info/")[2] for name in archive.namelist() if ".dist-info/" in name}
        (metadata,) = (name for name in archive.namelist() if name.endswith(".dist-info/METADATA"))
        told = email.message_from_bytes(archive.read(metadata))
    yield from (f"the wheel lacks {name}" for name in sorted(wanted - names))
    yield from (f"the wheel holds {name}, which is not of the package" for name in sorted(names - wanted))
    if "licenses/LICENSE" not in about:
        yield "the wheel has no licence"
    if "chamber/__init__.py" in names:
        yield "the wheel breaks the namespace"
    for field in ("Summary", "License-Expression", "Requires-Python", "Classifier", "Keywords"):
        if not told[field]:
            yield f"the metadata has no {field}"


def _of_sdist(sdist: Path) -> Iterator[str]:
    with tarfile.open(sdist) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    for name in sorted(names - BESIDE - {""}):
        if not name.startswith("src/") or "__pycache__" in name:
            yield f"the source distribution holds {name}"
    yield from (f"the source distribution lacks {name}" for name in sorted({"LICENSE", "README.md"} - names))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
