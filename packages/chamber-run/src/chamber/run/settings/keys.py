"""The settings of a run: the one table of their names, kinds, defaults and what each may hold."""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import urlsplit

from msgspec import Struct
from packaging.requirements import InvalidRequirement, Requirement
from packaging.version import InvalidVersion, Version

from chamber.core.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["KEYS", "Key", "Kind", "UnfitError", "is_environment_name"]

Kind = Literal["text", "number", "texts", "mapping", "arguments"]


class UnfitError(ValueError):
    """A value is not of the kind of its setting; the message shows as much of it as may be seen."""


class Key(Struct, frozen=True):
    """One setting. `expected` completes the sentence "it must be …"."""

    kind: Kind
    expected: str
    default: Any = None
    valid: Callable[[Any], bool] = bool
    normal: Callable[[Any], Any] = lambda value: value
    #: Whether its value is left out of messages.
    secret: bool = False

    def checked(self, value: object, where: str) -> Any:
        """The value in its normal form.

        Raises ConfigurationError: it is of another kind, or not what the setting may hold. `where` begins the
        message.
        """
        try:
            normal = self.normal(_KINDS[self.kind](value))
        except UnfitError as error:
            raise self.refused(str(error), where) from None
        except ValueError:
            raise self.refused(_shown(value), where) from None
        if not self.valid(normal):
            raise self.refused(_shown(value), where)
        return normal

    def refused(self, shown: str, where: str) -> ConfigurationError:
        """The error about a value that the setting may not hold."""
        found = "" if self.secret else f", not {shown}"
        return ConfigurationError(f"{where} must be {self.expected}{found}")


def is_environment_name(name: str) -> bool:
    """Whether a container may have an environment variable of this name (Kubernetes: C_IDENTIFIER)."""
    return re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", name, re.ASCII) is not None


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise UnfitError(_shown(value))
    if not _is_unicode(value):
        raise UnfitError(_shown(value))
    return value


def _number(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise UnfitError(_shown(value))
    return int(value)


def _texts(value: object) -> tuple[str, ...]:
    if isinstance(value, str) or not isinstance(value, Sequence):
        raise UnfitError(_shown(value))
    return tuple(_text(item) for item in value)


def _mapping(value: object) -> dict[str, str]:
    if not isinstance(value, Mapping):
        raise UnfitError(_shown(value))
    return {_variable(name): _value_of(name, text) for name, text in value.items()}


def _variable(name: object) -> str:
    if isinstance(name, str) and is_environment_name(name):
        return name
    raise UnfitError(_shown(name))


def _value_of(name: str, value: object) -> str:
    if isinstance(value, str) and "\0" not in value and _is_unicode(value):
        return value
    raise UnfitError(f"{name} with {_article(value)}")


def _arguments(value: object) -> tuple[str, ...]:
    return tuple(shlex.split(value)) if isinstance(value, str) else _texts(value)


_KINDS: dict[Kind, Callable[[object], Any]] = {
    "text": _text,
    "number": _number,
    "texts": _texts,
    "mapping": _mapping,
    "arguments": _arguments,
}


def _is_unicode(value: str) -> bool:
    return value.encode(errors="replace").decode() == value


def _shown(value: object) -> str:
    return repr(value) if isinstance(value, (str, int, float)) else _article(value)


def _article(value: object) -> str:
    return "None" if value is None else f"a value of type {type(value).__name__}"


def _anything(_value: object) -> bool:
    return True


def _matches(pattern: str) -> Callable[[str], bool]:
    compiled = re.compile(pattern, re.ASCII)
    return lambda value: compiled.fullmatch(value) is not None


def _each(valid: Callable[[str], bool]) -> Callable[[Sequence[str]], bool]:
    return lambda values: all(valid(value) for value in values)


def _one_line(value: str) -> bool:
    return bool(value.strip()) and value.isprintable()


def _without_nul(value: str) -> bool:
    return "\0" not in value


def _command(value: str) -> bool:
    return bool(value.strip()) and _without_nul(value)


def _python_version(value: str) -> bool:
    try:
        release = Version(value).release
    except InvalidVersion:
        return False
    return 2 <= len(release) <= 3 and ".".join(map(str, release)) == value


def _requirement(value: str) -> bool:
    try:
        Requirement(value)
    except InvalidRequirement:
        return False
    return True


def _bytes(value: str) -> int:
    size = _SIZE.fullmatch(value.strip())
    if size is None:
        raise UnfitError(_shown(value))
    try:
        return round(float(size[1]) * _BYTES[size[2]])
    except OverflowError:
        raise UnfitError("so much") from None


def _secret_keys(value: Mapping[str, str]) -> bool:
    return all(map(_SECRET_KEY, value.values()))


def _index_url(value: str) -> bool:
    try:
        parts = urlsplit(value)
        is_reachable = bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False
    return parts.scheme in {"http", "https"} and is_reachable and _one_line(value)


_GPU_TYPE = _matches(r"[A-Za-z0-9][A-Za-z0-9._ -]{0,62}")
_LABEL = _matches(r"[A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?")
_QUANTITY = _matches(r"([0-9]+|[0-9]*\.[0-9]+)(m|k|M|G|T|P|E|Ki|Mi|Gi|Ti|Pi|Ei)?")
_APT_PACKAGE = _matches(r"[a-z0-9][a-z0-9+.-]*(:[a-z0-9]+)?(=[A-Za-z0-9.+:~-]+)?")
_DISTRIBUTED = ("auto", "ray", "deepspeed", "none")
_JOB_CLASSES = ("RESERVED", "ELASTIC")
_FRAMEWORKS = ("pytorch", "tensorflow", "jax", "generic")
_LAUNCHERS = ("python", "torchrun", "accelerate", "deepspeed", "ray", "mpi")
_PLATFORM = _matches(r"linux/[a-z0-9]+(/v[0-9]+)?")
_KUBERNETES_NAME = r"[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?"
_SECRET_KEY = _matches(rf"{_KUBERNETES_NAME}/(?!\.$|\.\.)[A-Za-z0-9._-]{{1,253}}")
_SIZE = re.compile(r"([0-9]+(?:\.[0-9]+)?) *([kMG]?)B?", re.ASCII)
_BYTES = {"": 1, "k": 10**3, "M": 10**6, "G": 10**9}
_AMOUNT = "a Kubernetes quantity, such as"

#: Every key of ``.chamber.yaml``. Where a parameter of `run()` has the same name, it is the same setting.
KEYS: dict[str, Key] = {
    "name": Key("text", "a name of 1 to 255 characters", None, lambda v: _one_line(v) and len(v) <= 255),
    "gpus": Key("number", "a whole number of GPUs, at least 1", 1, lambda v: v >= 1),
    "gpu_type": Key("text", "a GPU type, such as H100", "H100", _GPU_TYPE),
    "team": Key("text", "a team id of letters, digits, '-', '_' and '.'", None, _LABEL),
    "registry": Key("text", "the name of a registry, or host/path", None, _one_line),
    "entrypoint": Key("text", "a file of the project, or '-m package'", None, _one_line),
    "entrypoint_args": Key("arguments", "a command line, or a list of texts", (), _each(_without_nul)),
    "distributed": Key("text", f"one of {', '.join(_DISTRIBUTED)}", "auto", _DISTRIBUTED.__contains__),
    "job_class": Key("text", f"one of {', '.join(_JOB_CLASSES)}", "ELASTIC", _JOB_CLASSES.__contains__, str.upper),
    "python_version": Key("text", "a Python version, such as 3.11", None, _python_version),
    "base_image": Key("text", "an image reference", None, _one_line),
    "env": Key("mapping", "environment variables: identifiers, each with a text", {}, _anything),
    "forward_env": Key("texts", "a list of environment variables", (), _each(is_environment_name)),
    "extra_pip_packages": Key("texts", "a list of requirements, such as numpy>=1.26", (), _each(_requirement)),
    "extra_apt_packages": Key("texts", "a list of Debian packages", (), _each(_APT_PACKAGE)),
    "cpu": Key("text", f"{_AMOUNT} 8 or 500m", None, _QUANTITY),
    "memory": Key("text", f"{_AMOUNT} 64Gi", None, _QUANTITY),
    "shm_size": Key("text", f"{_AMOUNT} 16Gi", None, _QUANTITY),
    "pre_build_commands": Key("texts", "a list of shell commands", (), _each(_command)),
    "post_build_commands": Key("texts", "a list of shell commands", (), _each(_command)),
    "ignore": Key("texts", "a list of patterns as in .dockerignore", (), _each(_command)),
    "priority": Key("number", "a whole number, at least 0", None, lambda v: v >= 0),
    "framework": Key("text", f"one of {', '.join(_FRAMEWORKS)}", None, _FRAMEWORKS.__contains__),
    "dependencies": Key("text", "a file of the project that lists what it needs", None, _one_line),
    "launcher": Key("text", f"one of {', '.join(_LAUNCHERS)}", None, _LAUNCHERS.__contains__),
    "nodes": Key("number", "a whole number of nodes, at least 1", None, lambda v: v >= 1),
    "gpus_per_node": Key("number", "a whole number of GPUs, at least 1", None, lambda v: v >= 1),
    "secrets": Key(
        "mapping", "environment variables, each with secret/key", {}, lambda v: _each(_SECRET_KEY)(v.values())
    ),
    "image_pull_secrets": Key("texts", "a list of Kubernetes secrets", (), _each(_matches(_KUBERNETES_NAME))),
    "platform": Key("text", "a platform, such as linux/amd64", "linux/amd64", _PLATFORM),
    "pip_index_url": Key("text", "the URL of a package index", None, _index_url, secret=True),
    "max_project_size": Key("text", "a size, such as 500MB", 500_000_000, lambda v: v > 0, _bytes),
    "include": Key("texts", "a list of single files of the project, by path", (), _each(_command)),
}
