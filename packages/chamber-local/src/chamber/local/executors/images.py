"""From an image reference to layers on disk, all from this Chamber's own registry."""

import re
from pathlib import Path
from typing import Any

import msgspec

from chamber.core.loopback import is_loopback
from chamber.core.unreadable import UNREADABLE
from chamber.local.executors.refusal import Refused
from chamber.local.registry.marker import LABEL, MARKER
from chamber.local.registry.store import Store

__all__ = ["Image", "Own", "find", "pull"]

_REFERENCE = re.compile(
    r"(?P<host>[A-Za-z0-9.-]+(?::\d+)?|\[[0-9a-fA-F:]+\](?::\d+)?)/(?P<repository>[a-z0-9._/-]+?)"
    r"(?::(?P<tag>[\w][\w.-]{0,127}))?(?:@(?P<digest>sha256:[0-9a-f]{64}))?"
)


class _Descriptor(msgspec.Struct):
    digest: str


class _Manifest(msgspec.Struct):
    config: _Descriptor
    layers: list[_Descriptor]


class Image(msgspec.Struct, frozen=True):
    """The files of an image's layers, lowest first, and its environment variables."""

    layers: tuple[Path, ...]
    env: dict[str, str]


class Own(msgspec.Struct, frozen=True):
    """An image of this Chamber's registry; `marked` when it is made on the marker base."""

    repository: str
    digest: str
    marked: bool


async def find(store: Store, image: str, host: str) -> Own | None:
    """What this Chamber's registry has under a reference; None for an image of somebody else's. Raises Refused."""
    if image.partition(":")[0].partition("@")[0] == MARKER:
        return Own(MARKER, "", marked=True)
    match = _REFERENCE.fullmatch(image)
    if match is None or (match["host"] != host and not is_loopback(match["host"])):
        return None
    found = await store.manifest(match["repository"], match["digest"] or match["tag"] or "latest")
    if found is None and match["host"] == host:
        raise Refused(f"the image {image} is not in this Chamber's registry")
    return Own(match["repository"], found.digest, _is_marked(store, found.content)) if found else None


def _is_marked(store: Store, manifest: bytes) -> bool:
    """False also for what is not a single image: the engine looks at what it takes of it."""
    try:
        path = store.blob(msgspec.json.decode(manifest, type=_Manifest).config.digest)
        configuration = msgspec.json.decode(path.read_bytes(), type=dict) if path else {}
    except msgspec.DecodeError:
        return False
    return _labels(_inner(configuration)).get(LABEL) == MARKER


def _labels(inner: dict[str, Any]) -> dict[str, Any]:
    labels = inner.get("Labels")
    return labels if isinstance(labels, dict) else {}


async def pull(store: Store, image: str, host: str) -> Image:
    """An image of this Chamber's registry. Raises Refused.

    An image is looked up here when its reference names `host`, this machine's loopback under any port (a restarted
    Chamber may have another one), or the marker base itself.
    """
    repository, reference = _locate(image, host)
    found = await store.manifest(repository, reference)
    if found is None:
        raise Refused(f"the image {image} is not in this Chamber's registry")
    manifest = _decode(found.content, _Manifest, image)
    inner = _inner(_decode(_blob(store, manifest.config, image).read_bytes(), dict, image))
    _check_marker(inner, image)
    layers = tuple(_blob(store, layer, image) for layer in manifest.layers)
    variables = (str(variable).partition("=") for variable in inner.get("Env") or ())
    return Image(layers, {name: value for name, _, value in variables})


def _locate(image: str, host: str) -> tuple[str, str]:
    if image.partition(":")[0].partition("@")[0] == MARKER:
        image = f"{host}/{image}"
    match = _REFERENCE.fullmatch(image)
    if match is None:
        raise Refused(f"{image!r} is not an image reference such as {host}/repository@sha256:…")
    if match["host"] != host and not is_loopback(match["host"]):
        raise Refused(
            f"the image {image} is in another registry; the process executor runs images of its own registry, {host}, "
            f"made on {MARKER}"
        )
    return match["repository"], match["digest"] or match["tag"] or "latest"


def _decode(content: bytes, kind: Any, image: str) -> Any:
    try:
        return msgspec.json.decode(content, type=kind)
    except UNREADABLE as error:
        raise Refused(f"the image {image} is not a single image with a configuration: {error}") from error


def _blob(store: Store, descriptor: _Descriptor, image: str) -> Path:
    path = store.blob(descriptor.digest)
    if path is None:
        raise Refused(f"the image {image} lacks the blob {descriptor.digest}")
    return path


def _inner(configuration: dict[str, Any]) -> dict[str, Any]:
    """What a container gets (OCI image specification, "config")."""
    inner = configuration.get("config")
    return inner if isinstance(inner, dict) else {}


def _check_marker(inner: dict[str, Any], image: str) -> None:
    if _labels(inner).get(LABEL) != MARKER:
        raise Refused(
            f"the image {image} is not made on {MARKER}: the process executor has no root file system to run it in. "
            f"Build it on {MARKER}:latest, or run it in a Chamber with executor='container'"
        )
