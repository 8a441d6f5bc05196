"""The members of the workspace, as their files say."""

import pathlib
import tomllib
from typing import Any

ROOT = pathlib.Path(__file__).parents[2]
#: Every one is a part of the namespace `chamber` but chamber-compat, which has the vendor's name.
MEMBERS = sorted(folder.parent for folder in ROOT.glob("packages/chamber-*/pyproject.toml"))


def project(member: pathlib.Path) -> dict[str, Any]:
    return tomllib.loads((member / "pyproject.toml").read_text("utf-8"))


def short_name(member: pathlib.Path) -> str:
    return member.name.removeprefix("chamber-")


def package(member: pathlib.Path) -> str:
    """What it is imported as."""
    return "chamber_sdk" if short_name(member) == "compat" else f"chamber.{short_name(member)}"


def folder(member: pathlib.Path) -> str:
    """Where that is in its sources and in its wheel."""
    return package(member).replace(".", "/")


def modules(member: pathlib.Path) -> list[str]:
    source = member / "src"
    files = sorted(source.rglob("*.py"))
    return [".".join(file.relative_to(source).with_suffix("").parts).removesuffix(".__init__") for file in files]
