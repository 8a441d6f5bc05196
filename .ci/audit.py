"""Looks up what is installed in the advisories of the Python package index: ``hatch run audit``.

A finding in what our distributions depend on is a failure; one in a tool of the tests is printed. Where the index does
not give its advisories, as behind a mirror without them, it says so: nothing was audited, and nothing fails.
``--sbom FILE`` writes what our distributions depend on as CycloneDX 1.6.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from importlib.metadata import Distribution, PackageNotFoundError, distribution, distributions
from pathlib import Path
from typing import Any

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[1]
#: Seconds for all answers of the service.
_PATIENCE = 45.0


def main(argv: list[str]) -> int:
    """Audit; 1: one of our dependencies has a known hole."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sbom", type=Path, help="where to write what our distributions depend on")
    asked = parser.parse_args(argv)
    own = closure(members())
    if asked.sbom:
        asked.sbom.write_text(sbom(own), "utf-8")
    told, failed = judged(answers(_installed()), own)
    print("\n".join(told))
    return int(failed)


def members() -> list[str]:
    """The names of our distributions."""
    return sorted(folder.parent.name for folder in ROOT.glob("packages/chamber-*/pyproject.toml"))


def closure(names: Iterable[str]) -> dict[str, str]:
    """What these distributions need, extras included, as far as it is installed: names and versions."""
    found: dict[str, str] = {}
    todo = [(canonicalize_name(name), True) for name in names]
    own = {name for name, _ in todo}
    seen = set()
    while todo:
        name, whole = todo.pop()
        if name in seen or (there := _find(name)) is None:
            continue
        seen.add(name)
        if name not in own:
            found[name] = there.version
        todo += [(needed, False) for needed in _needed(there, whole=whole)]
    return dict(sorted(found.items()))


def _needed(there: Distribution, *, whole: bool) -> Iterator[Any]:
    for requirement in map(Requirement, there.requires or ()):
        marker = requirement.marker
        if marker is None or marker.evaluate({"extra": ""}) or (whole and "extra" in str(marker)):
            yield canonicalize_name(requirement.name)


def _find(name: str) -> Distribution | None:
    try:
        return distribution(name)
    except PackageNotFoundError:
        return None


def _installed() -> dict[str, str]:
    """All that is here beside our own distributions."""
    own = set(members())
    every = {canonicalize_name(there.metadata["Name"]): there.version for there in distributions()}
    return {name: version for name, version in every.items() if name not in own}


def answers(installed: Mapping[str, str]) -> list[dict[str, Any]]:
    """What pip-audit found out, a mapping for each distribution; empty: nothing."""
    with tempfile.TemporaryDirectory() as folder:
        asked = Path(folder, "requirements.txt")
        asked.write_text("".join(f"{name}=={version}\n" for name, version in installed.items()))
        command = [sys.executable, "-m", "pip_audit", "--requirement", str(asked), "--no-deps", "--disable-pip"]
        options = ["--vulnerability-service", "pypi", "--format", "json", "--progress-spinner", "off"]
        try:
            done = subprocess.run([*command, *options], capture_output=True, check=False, timeout=_PATIENCE)
            found: list[dict[str, Any]] = json.loads(done.stdout)["dependencies"]
        except (subprocess.TimeoutExpired, ValueError, KeyError, TypeError):
            return []
    return found


def judged(found: Iterable[Mapping[str, Any]], own: Mapping[str, str]) -> tuple[list[str], bool]:
    """What to tell of pip-audit's answers, and whether one of `own` has a hole."""
    known = [one for one in found if "vulns" in one]
    if not known:
        return ["The advisories cannot be reached: NOTHING WAS AUDITED. Try it where the index gives them."], False
    holes = [(one, hole) for one in known for hole in one["vulns"]]
    unknown = sorted(set(own) - {one["name"] for one in known})
    told = [_line(one, hole, "ours" if one["name"] in own else "a tool of the tests") for one, hole in holes]
    told += [f"{name} {own[name]}: the advisories do not know it" for name in unknown]
    told.append(f"{len(known)} distributions audited, {len(own)} of them ours to answer for: {len(holes)} holes")
    return told, any(one["name"] in own for one, _ in holes)


def _line(one: Mapping[str, Any], hole: Mapping[str, Any], whose: str) -> str:
    mended = ", ".join(hole.get("fix_versions") or ()) or "nothing yet"
    return f"{one['name']} {one['version']} ({whose}): {hole['id']}, mended in {mended}"


def sbom(own: Mapping[str, str]) -> str:
    """What `own` are, as a bill of materials (CycloneDX 1.6, JSON)."""
    from cyclonedx.model.bom import Bom
    from cyclonedx.model.component import Component, ComponentType
    from cyclonedx.output.json import JsonV1Dot6

    made, kind = Bom(), ComponentType.LIBRARY
    whole = made.metadata.component = Component(name="chamber", type=kind)
    for name, version in own.items():
        made.components.add(part := Component(name=name, version=version, type=kind, purl=_address(name, version)))
        made.register_dependency(whole, [part])
    return JsonV1Dot6(made).output_as_string(indent=1)


def _address(name: str, version: str) -> Any:
    from packageurl import PackageURL

    return PackageURL("pypi", None, name, version)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
