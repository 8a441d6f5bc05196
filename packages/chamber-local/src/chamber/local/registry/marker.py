"""The base image ``chamber.local/python``: a marker that says "run by the host's Python", not a root file system."""

import gzip
import hashlib

import msgspec

__all__ = ["LABEL", "MARKER", "TAG", "MarkerImage", "marker_image"]

MARKER = "chamber.local/python"
TAG = "latest"

#: The label that images on a marker base carry; its value is the base.
LABEL = "io.chamber.base"

MANIFEST_TYPE = "application/vnd.oci.image.manifest.v1+json"
_CONFIG_TYPE = "application/vnd.oci.image.config.v1+json"
_LAYER_TYPE = "application/vnd.oci.image.layer.v1.tar+gzip"
_COMMENT = "Images on this base run only under chamber-local's process executor, with the host's Python"


class MarkerImage(msgspec.Struct, frozen=True):
    """The manifest, and the blobs it refers to."""

    manifest: bytes
    blobs: tuple[bytes, ...]


def marker_image() -> MarkerImage:
    """The same bytes on every call."""
    empty_tar = bytes(10240)
    layer = gzip.compress(empty_tar, mtime=0)
    configuration = msgspec.json.encode(_configuration(_digest(empty_tar)))
    manifest = {
        "schemaVersion": 2,
        "mediaType": MANIFEST_TYPE,
        "config": _descriptor(_CONFIG_TYPE, configuration),
        "layers": [_descriptor(_LAYER_TYPE, layer)],
    }
    return MarkerImage(msgspec.json.encode(manifest), (configuration, layer))


def _configuration(diff_id: str) -> dict[str, object]:
    return {
        "architecture": "amd64",
        "os": "linux",
        "created": "1970-01-01T00:00:00Z",
        "config": {"Labels": {LABEL: MARKER}, "WorkingDir": "/app"},
        "rootfs": {"type": "layers", "diff_ids": [diff_id]},
        "history": [{"created": "1970-01-01T00:00:00Z", "created_by": "chamber-local", "comment": _COMMENT}],
    }


def _descriptor(media_type: str, content: bytes) -> dict[str, object]:
    return {"mediaType": media_type, "digest": _digest(content), "size": len(content)}


def _digest(content: bytes) -> str:
    return f"sha256:{hashlib.sha256(content).hexdigest()}"
