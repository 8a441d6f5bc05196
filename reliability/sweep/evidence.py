"""Looks for the canaries in all that a session left behind."""

from __future__ import annotations

import gzip
import io
import json
import subprocess
import tarfile
import zlib
from collections.abc import Iterator, Mapping
from fnmatch import fnmatch
from pathlib import Path

from msgspec import Struct

from chamber.core.redaction import forms
from reliability.sweep.canaries import Canaries

__all__ = ["ALLOWED", "Found", "image", "search"]

_PLANTED_ENV = ("env as an argument", "password of a URL in env", "env in .chamber.yaml", "forwarded*")

#: Where a canary may be, and why: its name, and the file of the evidence. Beside these, where it was planted.
ALLOWED: tuple[tuple[str, str, str], ...] = (
    *(
        (name, "chamber/chamber.sqlite3*", "the manifest that is submitted, as docs/run.md says")
        for name in _PLANTED_ENV
    ),
    ("token in the environment", "chamber/identity.json", "it is the token of that Chamber"),
    ("token in the environment", "home/.chamber/local/*", "how the plugin finds the Chambers of this machine"),
    ("token as an argument", "requests/moved", "the API's own host: its token"),
    ("token as an argument", "requests/echo", "the API's own host: its token"),
    ("token of a plugin", "requests/moved", "the API's own host: its token"),
    ("token of a plugin", "requests/echo", "the API's own host: its token"),
    ("login of a credential helper", "requests/helped", "the registry's own host: its login"),
    ("password of a plugin's registry", "requests/plugged", "the registry's own host: its login"),
    ("login() of a plugin's registry", "requests/asked", "the registry's own host: its login"),
    ("password of HTTPS_PROXY", "requests/proxy", "the proxy's own host: its login"),
    ("password of HTTPS_PROXY", "called/environment", "an engine goes through the same proxy"),
    ("password of ALL_PROXY", "called/environment", "an engine goes through the same proxy"),
)


#: Bytes; what is larger is a layer of the base image, which is not ours.
_LARGEST = 16 << 20


class Found(Struct, frozen=True):
    """A canary where it should not be."""

    canary: str
    place: str
    form: str
    around: str


def search(root: Path, canaries: Canaries) -> tuple[list[Found], int]:
    """The canaries that are where they should not be, and how many bytes were looked at."""
    wanted = {name: _wanted(value, canaries.cores[name]) for name, value in canaries.values.items()}
    found, size = [], 0
    for place, data in _everything(root):
        size += len(data)
        found += [hit for hit in _in(place, data, wanted) if not _is_allowed(hit, canaries.files)]
    return found, size


def _wanted(value: str, core: str) -> tuple[bytes, ...]:
    own = {core, core[::-1]} if core in value else set()
    return tuple(form.encode(errors="surrogatepass") for form in sorted({*forms(value), *own}))


def _in(place: str, data: bytes, wanted: Mapping[str, tuple[bytes, ...]]) -> Iterator[Found]:
    for name, every in wanted.items():
        form = next((form for form in every if form in data), None)
        if form is not None:
            start = max(0, data.index(form) - 60)
            around = data[start : start + 120 + len(form)].decode(errors="replace")
            yield Found(name, place, form.decode(errors="replace"), around)


def _is_allowed(hit: Found, planted: Mapping[str, str]) -> bool:
    place = hit.place.partition("!")[0]
    together = {name for name, path in planted.items() if path == place}
    return hit.canary in together or any(
        fnmatch(hit.canary, name) and fnmatch(hit.place, where) for name, where, _why in ALLOWED
    )


def _everything(root: Path) -> Iterator[tuple[str, bytes]]:
    """Every file, and what is in those that are packed."""
    for file in sorted(root.rglob("*")):
        if file.is_symlink() or not file.is_file() or file.stat().st_size > _LARGEST:
            continue
        place, data = str(file.relative_to(root)), file.read_bytes()
        yield place, str(file.relative_to(root)).encode() + b"\n" + data
        yield from _unpacked(place, data)


def _unpacked(place: str, data: bytes) -> Iterator[tuple[str, bytes]]:
    if data[:2] == b"\x1f\x8b":
        try:
            data = gzip.decompress(data)
        except (OSError, EOFError, zlib.error):
            return
        yield f"{place}!gzip", data
    if data[257:262] == b"ustar":
        with tarfile.open(fileobj=io.BytesIO(data)) as archive:
            names = "\n".join(f"{member.name} {member.linkname}" for member in archive.getmembers())
        yield f"{place}!names", names.encode()


def image(reference: str, base: str, folder: Path) -> None:
    """Put into `folder` what docker tells of an image, and the layers of it that `base` has not."""
    folder.mkdir(exist_ok=True)
    (folder / "history").write_bytes(_docker("history", "--no-trunc", reference))
    (folder / "inspect").write_bytes(_docker("image", "inspect", reference))
    own = set(_layers(reference)) - set(_layers(base))
    with tarfile.open(fileobj=io.BytesIO(_docker("save", reference))) as archive:
        manifest = json.load(archive.extractfile("manifest.json") or io.BytesIO(b"[]"))[0]
        (folder / "config").write_bytes(_member(archive, manifest["Config"]))
        for layer, diff in zip(manifest["Layers"], _layers(reference), strict=True):
            if diff in own:
                (folder / diff.replace(":", "-")).write_bytes(_member(archive, layer))


def _member(archive: tarfile.TarFile, name: str) -> bytes:
    file = archive.extractfile(name)
    return file.read() if file else b""


def _layers(reference: str) -> list[str]:
    told: list[str] = json.loads(_docker("image", "inspect", "--format", "{{json .RootFS.Layers}}", reference))
    return told


def _docker(*arguments: str) -> bytes:
    return subprocess.run(["docker", *arguments], check=True, capture_output=True).stdout
