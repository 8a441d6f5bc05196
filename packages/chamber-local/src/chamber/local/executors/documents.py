"""The objects in a manifest: YAML documents, or JSON, which is read as JSON."""

import json
from collections.abc import Iterator
from typing import Any

import yaml

from chamber.local.executors.refusal import Refused

__all__ = ["annotations", "documents"]

_BETWEEN = "---"


def documents(manifest: str) -> Iterator[dict[str, Any]]:
    """Every object, in its order. Raises Refused."""
    try:
        held = _as_json(manifest) or list(yaml.safe_load_all(manifest))
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        place = " ".join(str(error).split())
        raise Refused(f"k8s_manifest is not YAML: {place}") from error
    yield from (document for document in held if isinstance(document, dict))


def annotations(manifest: str | None) -> dict[str, Any]:
    """The annotations of the objects, those of the first before others; none of what is no manifest."""
    found: dict[str, Any] = {}
    try:
        held = tuple(documents(manifest or ""))
    except Refused:
        return found
    for document in held:
        metadata = document.get("metadata")
        said = metadata.get("annotations") if isinstance(metadata, dict) else None
        found = {**said, **found} if isinstance(said, dict) else found
    return found


def _as_json(manifest: str) -> list[Any] | None:
    """JSON objects with lines of ``---`` between them; None for anything else.

    YAML 1.2 has JSON in it, but PyYAML does not join the two halves that JSON writes an emoji with (RFC 8259, 7).
    """
    decoder, rest, found = json.JSONDecoder(), manifest.strip(), []
    while rest.startswith("{"):
        try:
            document, end = decoder.raw_decode(rest)
        except json.JSONDecodeError:
            return None
        found.append(document)
        rest = rest[end:].strip().removeprefix(_BETWEEN).strip()
    json.dumps(found, ensure_ascii=False).encode()  # half a pair stands for no character: a ValueError
    return None if rest else found
