"""The version of all members: ``hatch run version`` says it, ``hatch run version 0.2.0`` sets it.

It is kept in the root pyproject.toml; the members' own versions, and the versions by which they ask for each other, are
written from it. A test holds them equal.
"""

import re
import sys
import tomllib
from pathlib import Path

from packaging.version import InvalidVersion, Version

ROOT = Path(__file__).resolve().parent.parent
MAIN = ROOT / "pyproject.toml"


def main(arguments: list[str]) -> int:
    """Say it, or set it everywhere."""
    if not arguments:
        print(current())
        return 0
    try:
        wanted = str(Version(arguments[0]))
    except InvalidVersion as error:
        print(error, file=sys.stderr)
        return 2
    for file, text in changed(current(), wanted).items():
        file.write_text(text, "utf-8")
        print(f"{file.relative_to(ROOT)}: {wanted}")
    return 0


def current() -> str:
    """The version that the root says."""
    return str(tomllib.loads(MAIN.read_text("utf-8"))["tool"]["chamber"]["version"])


def changed(old: str, new: str) -> dict[Path, str]:
    """Every file that says the old version, with the new one."""
    own = re.compile(rf'^version = "{re.escape(old)}"', re.MULTILINE)
    asked = re.compile(rf'"(chamber-[a-z]+(?:\[[a-z,]+\])?)=={re.escape(old)}"')
    found = {}
    for file in [MAIN, *sorted(ROOT.glob("packages/*/pyproject.toml"))]:
        text = file.read_text("utf-8")
        written = asked.sub(rf'"\1=={new}"', own.sub(f'version = "{new}"', text))
        if written != text:
            found[file] = written
    return found


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
