"""Image manifests and configs as values: read, and extended by layers.

OCI image specification 1.1 (manifest, index, config); Docker's image manifest version 2, schema 2.
"""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

from msgspec import UNSET, Meta, Raw, Struct, UnsetType, json
from msgspec.structs import replace

from chamber.core.errors import DockerError
from chamber.core.unreadable import UNREADABLE
from chamber.run.images.layers import StoredLayer

__all__ = [
    "ACCEPTED",
    "LAYER_ANNOTATION",
    "Descriptor",
    "ImageSettings",
    "Manifest",
    "Platform",
    "extend_config",
    "extend_manifest",
    "layer_descriptor",
    "read_config",
    "read_manifest",
]

_OCI_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
_OCI_INDEX = "application/vnd.oci.image.index.v1+json"
_OCI_CONFIG = "application/vnd.oci.image.config.v1+json"
_OCI_LAYER = "application/vnd.oci.image.layer.v1.tar+gzip"
_DOCKER_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
_DOCKER_INDEX = "application/vnd.docker.distribution.manifest.list.v2+json"
_DOCKER_CONFIG = "application/vnd.docker.container.image.v1+json"
_DOCKER_LAYER = "application/vnd.docker.image.rootfs.diff.tar.gzip"

_KINDS = (_OCI_MANIFEST, _OCI_INDEX, _DOCKER_MANIFEST, _DOCKER_INDEX)

#: What is asked for in the Accept header.
ACCEPTED = ", ".join(_KINDS)
#: The annotation that says what a layer of ours is.
LAYER_ANNOTATION = "io.chamber.layer"

_CREATED = "1970-01-01T00:00:00Z"
#: What engines take where an image has none.
_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_FOREIGN = ("foreign", "nondistributable")

Digest = Annotated[str, Meta(pattern="^(sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128})$")]
Size = Annotated[int, Meta(ge=0)]


class Platform(Struct, frozen=True, omit_defaults=True):
    """What an image runs on."""

    os: str = ""
    architecture: str = ""
    variant: str = ""


class Descriptor(Struct, frozen=True, omit_defaults=True, rename="camel"):
    """What is somewhere in a registry: its type, digest and size in bytes."""

    media_type: str
    digest: Digest
    size: Size
    urls: tuple[str, ...] = ()
    annotations: dict[str, str] = {}
    platform: Platform | None = None

    @property
    def is_foreign(self) -> bool:
        """Whether it may not be pushed, and is fetched from elsewhere."""
        return any(word in self.media_type for word in _FOREIGN)


class Manifest(Struct, frozen=True, omit_defaults=True, rename="camel"):
    """An image: its config, and its layers from the bottom up."""

    schema_version: int
    config: Descriptor
    layers: tuple[Descriptor, ...]
    media_type: str = ""
    annotations: dict[str, str] = {}

    @property
    def is_docker(self) -> bool:
        """Whether it is Docker's schema 2, whose media types it keeps."""
        return self.media_type == _DOCKER_MANIFEST


class ImageSettings(Struct, frozen=True):
    """What an image says of itself, beyond what its base says."""

    working_dir: str = "/app"
    labels: Mapping[str, str] = {}
    #: Folders that come before those of the base in a variable such as PATH, separated by ``:``.
    prepend: Mapping[str, str] = {}


class _Kind(Struct, rename="camel"):
    """What a manifest says of itself (CVE-2021-41190: one text must not be an image to one and an index to another)."""

    media_type: str = ""
    manifests: Raw | UnsetType = UNSET
    layers: Raw | UnsetType = UNSET
    config: Raw | UnsetType = UNSET


class _Index(Struct, rename="camel"):
    manifests: tuple[Descriptor, ...]


def read_manifest(content: bytes, media_type: str, name: str) -> Manifest | tuple[Descriptor, ...]:
    """A manifest, or the manifests of an index. Raises DockerError: it is neither, or says to be both.

    `media_type`: what the registry says it is; where that is nothing known, what it says of itself counts.
    """
    kind = _kind(content, media_type.partition(";")[0].strip(), name)
    try:
        if kind in {_OCI_INDEX, _DOCKER_INDEX}:
            return json.decode(content, type=_Index).manifests
        if kind in {_OCI_MANIFEST, _DOCKER_MANIFEST}:
            return replace(json.decode(content, type=Manifest), media_type=kind)
    except UNREADABLE as error:
        raise DockerError(f"the manifest of {name} is not understood: {error}") from error
    raise DockerError(
        f"{name} is a {kind or 'thing without a type'}, which is not an image: push it again as OCI image"
    )


def _kind(content: bytes, told: str, name: str) -> str:
    try:
        own = json.decode(content, type=_Kind)
    except UNREADABLE:
        return told
    if own.manifests is not UNSET and (own.layers is not UNSET or own.config is not UNSET):
        raise DockerError(f"the manifest of {name} is image and index at once, which is not to be trusted")
    if told not in _KINDS:
        return own.media_type or told
    if own.media_type not in {"", told}:
        raise DockerError(f"{name} comes as {told}, and says to be {own.media_type}, which is not to be trusted")
    return told


def read_config(content: bytes, layers: int, name: str) -> dict[str, Any]:
    """The config of an image with so many layers. Raises DockerError: it is broken."""
    try:
        config = json.decode(content, type=dict[str, Any])
        diff_ids = config["rootfs"]["diff_ids"]
    except (*UNREADABLE, KeyError, TypeError) as error:
        raise DockerError(f"the config of {name} is not understood") from error
    if not isinstance(diff_ids, list) or len(diff_ids) != layers:
        raise DockerError(f"the config of {name} does not fit its {layers} layers; build that image again")
    return config


def extend_config(config: Mapping[str, Any], layers: Sequence[StoredLayer], settings: ImageSettings) -> dict[str, Any]:
    """`config` with `layers` on top."""
    rootfs, inner = config["rootfs"], config.get("config") or {}
    labels = {**(inner.get("Labels") or {}), **settings.labels}
    own: dict[str, Any] = {"Labels": labels} if labels else {}
    if settings.prepend:
        own["Env"] = _prepended(inner.get("Env") or [], settings.prepend)
    return {
        **config,
        "config": {**inner, "WorkingDir": settings.working_dir, **own},
        "rootfs": {**rootfs, "diff_ids": [*rootfs["diff_ids"], *(layer.diff_id for layer in layers)]},
        **_history(config, layers),
    }


def extend_manifest(base: Manifest, config: bytes, config_digest: str, layers: Sequence[StoredLayer]) -> Manifest:
    """`base` with `layers` on top, in the media types of `base`."""
    added = tuple(layer_descriptor(layer, docker=base.is_docker) for layer in layers)
    kind = _DOCKER_CONFIG if base.is_docker else _OCI_CONFIG
    return Manifest(
        schema_version=2,
        media_type=base.media_type,
        config=Descriptor(kind, config_digest, len(config)),
        layers=(*base.layers, *added),
    )


def layer_descriptor(layer: StoredLayer, *, docker: bool = False) -> Descriptor:
    """How a manifest names `layer`."""
    kind = _DOCKER_LAYER if docker else _OCI_LAYER
    return Descriptor(kind, layer.digest, layer.size, annotations={LAYER_ANNOTATION: layer.kind})


def _prepended(variables: Sequence[str], prepend: Mapping[str, str]) -> list[str]:
    there = {name: value for name, _, value in (variable.partition("=") for variable in variables)}
    for name, folders in prepend.items():
        after = there.get(name) or (_PATH if name == "PATH" else "")
        there[name] = f"{folders}:{after}" if after else folders
    return [f"{name}={value}" for name, value in there.items()]


def _history(config: Mapping[str, Any], layers: Sequence[StoredLayer]) -> dict[str, Any]:
    """One entry for each layer, as engines demand, where the base keeps a history at all."""
    known = config.get("history") or []
    told = [entry for entry in known if not entry.get("empty_layer")]
    if len(told) != len(config["rootfs"]["diff_ids"]):
        return {}
    return {
        "history": [*known, *({"created": _CREATED, "created_by": f"chamber.run: {layer.kind}"} for layer in layers)]
    }
