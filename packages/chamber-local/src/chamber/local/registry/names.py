"""The grammar of repository names, tags and digests (OCI distribution spec, "Pulling manifests")."""

import re

from chamber.local.registry.errors import RegistryError

__all__ = ["check_digest", "check_reference", "check_repository", "is_digest"]

_REPOSITORY = re.compile(r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*(?:/[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*)*")
_TAG = re.compile(r"[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}")
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")


def is_digest(reference: str) -> bool:
    """True for a digest that is kept here; only sha256 is."""
    return _DIGEST.fullmatch(reference) is not None


def check_repository(name: str) -> str:
    """The name, when it is one. Raises NAME_INVALID."""
    if len(name) > 255 or not _REPOSITORY.fullmatch(name):
        raise RegistryError(400, "NAME_INVALID", "the repository name is not valid", name)
    return name


def check_digest(digest: str) -> str:
    """The digest, when it is one. Raises DIGEST_INVALID."""
    if not is_digest(digest):
        raise RegistryError(400, "DIGEST_INVALID", "not a sha256 digest, which is the one kind kept here", digest)
    return digest


def check_reference(reference: str) -> str:
    """A tag or a digest. Raises MANIFEST_INVALID or DIGEST_INVALID."""
    if ":" in reference:
        return check_digest(reference)
    if not _TAG.fullmatch(reference):
        raise RegistryError(400, "MANIFEST_INVALID", "the reference is neither a tag nor a digest", reference)
    return reference
