"""Discovery of plugins, their conflicts, what is missing and how to get it.

Imported with the first name that chamber.core itself lacks. Nothing is ever loaded from the working directory:
plugins are installed distributions with an entry point of the group ``chamber``.
"""

from __future__ import annotations

import functools
import os
import re
from importlib.metadata import entry_points
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import pluggy

from chamber.core.errors import PluginError
from chamber.core.hooks import PROJECT, Hooks
from chamber.core.logs import logger
from chamber.core.official import OFFICIAL
from chamber.core.operations import Operations

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from importlib.metadata import Distribution, EntryPoint

__all__ = ["Plugin", "absence", "allowed", "broken", "check_hooks", "installed", "manager", "operations_of_plugins"]

State = Literal["not loaded", "loaded", "broken", "denied"]

#: Plugin, by the name under which it is registered → why it could not be loaded.
broken: dict[str, Exception] = {}
#: Plugin, by that name → the methods that it added to the clients.
added: dict[str, list[str]] = {}

_log = logger(__name__)


class Plugin(NamedTuple):
    """An installed plugin."""

    name: str
    distribution: str
    version: str
    state: State
    #: The methods that it adds to the clients, as far as they are known without importing it.
    adds: tuple[str, ...]
    #: Why it could not be loaded.
    error: str | None


@functools.cache
def manager() -> pluggy.PluginManager:
    """The host, with every allowed plugin registered under the name of its distribution.

    ``CHAMBER_PLUGINS=a,b`` allows only those distributions, ``-c`` denies one, or one plugin of it by its own name;
    empty allows none.
    """
    host = pluggy.PluginManager(PROJECT)
    host.add_hookspecs(Hooks)
    for name, entry in _entries():
        if allowed(_distribution(entry), os.environ.get("CHAMBER_PLUGINS"), entry.name):
            _register(host, name, entry)
    for specifications in host.hook.chamber_hookspecs():
        host.add_hookspecs(specifications)
    for name, _plugin in host.list_name_plugin():
        check_hooks(host, name)
    return host


def installed() -> tuple[Plugin, ...]:
    """Every installed plugin and what is known of it. Imports none."""
    loaded = dict(manager().list_name_plugin()) if manager.cache_info().currsize else {}
    return tuple(_described(name, entry, loaded) for name, entry in _entries())


def allowed(distribution: str, wish: str | None, plugin: str = "") -> bool:
    """Whether CHAMBER_PLUGINS, which is `wish`, lets a distribution's plugin load.

    Only a distribution can be allowed, because any may give its plugin any name.
    """
    if wish is None:
        return True
    words = [word.strip() for word in wish.split(",") if word.strip()]
    if {_normal(distribution), _normal(plugin)} & {_normal(word[1:]) for word in words if word.startswith("-")}:
        return False
    named = {_normal(word) for word in words if not word.startswith("-")}
    return _normal(distribution) in named if named or not words else True


def absence(distribution: str) -> str:
    """Why none of a distribution's methods is there, or not this one, and what to do about it."""
    wish = os.environ.get("CHAMBER_PLUGINS")
    if error := broken.get(distribution):
        return f"could not be loaded ({type(error).__name__}: {error})"
    if distribution not in {_distribution(entry) for _, entry in _entries()}:
        return f"is not installed: pip install {distribution}"
    if not allowed(distribution, wish):
        return f"CHAMBER_PLUGINS leaves out: it is {wish!r}"
    return f"is installed and lacks it: pip install --upgrade {distribution}"


def operations_of_plugins(taken: dict[str, str]) -> tuple[type[Operations], ...]:
    """The plugins' classes of operations. `taken` tells whose the names are that exist already.

    Raises PluginError: two distributions define one name.
    """
    taken = dict(taken)
    found: list[type[Operations]] = []
    for implementation in manager().hook.chamber_operations.get_hookimpls():
        operations = _operations(implementation.plugin_name, implementation.function)
        if operations is not None:
            _claim(taken, implementation.plugin_name, operations)
            found.append(operations)
    return tuple(found)


def check_hooks(host: pluggy.PluginManager, name: str) -> None:
    """Set a plugin aside that implements a hook which does not exist: silence would hide a misspelling."""
    unknown = [hook.name for hook in host.get_hookcallers(host.get_plugin(name)) or () if not hook.has_spec()]
    required = [hook for hook in unknown if not _is_optional(getattr(host.hook, hook), name)]
    if required:
        host.unregister(name=name)
        _set_aside(name, PluginError(f"there is no hook {', '.join(required)}"))


def _distribution(entry: EntryPoint) -> str:
    return _name(entry.dist) if entry.dist else entry.name


@functools.lru_cache(maxsize=64)
def _name(distribution: Distribution) -> str:
    """Read once: it is in a file with all that is known of a distribution, its description included."""
    return distribution.name


def _normal(distribution: str) -> str:
    """A distribution's name as package indexes compare it (PEP 503)."""
    return re.sub(r"[-_.]+", "-", distribution).lower()


def _register(host: pluggy.PluginManager, name: str, entry: EntryPoint) -> None:
    try:
        host.register(entry.load(), name=name)
    except Exception as error:
        _set_aside(name, error)


def _operations(name: str, implementation: Callable[[], Any]) -> type[Operations] | None:
    try:
        operations = implementation()
        if operations is not None and not (isinstance(operations, type) and issubclass(operations, Operations)):
            raise PluginError(f"chamber_operations() returned {operations!r}, which is no class of operations")
    except Exception as error:
        _set_aside(name, error)
        return None
    return operations


def _set_aside(name: str, error: Exception) -> None:
    broken[name] = error
    _log.warning("plugin set aside", distribution=name, error=f"{type(error).__name__}: {error}")


def _claim(taken: dict[str, str], owner: str, operations: type[Operations]) -> None:
    names = _defined(operations)
    added[owner] = sorted(name for name in names if not name.startswith("_"))
    for name in names:
        if taken.setdefault(name, owner) != owner:
            raise PluginError(f"{taken[name]} and {owner} both define {name}(): uninstall one of them")


def _defined(operations: type[Operations]) -> set[str]:
    """The names that a plugin brings, private ones too, less those that it inherits from core."""
    own = [base for base in operations.__mro__ if not base.__module__.startswith("chamber.core.")]
    return {name for base in own if base is not object for name in vars(base) if not name.startswith("__")}


def _is_optional(hook: pluggy.HookCaller, name: str) -> bool:
    return all(impl.optionalhook for impl in hook.get_hookimpls() if impl.plugin_name == name)


def _entries() -> list[tuple[str, EntryPoint]]:
    """Every plugin: the first of a distribution has its name, and others their own beside it."""
    found = sorted(entry_points(group=PROJECT), key=lambda entry: (_distribution(entry), entry.name))
    owners = [_distribution(entry) for entry in found]
    return [
        (owner if owner not in owners[:place] else f"{owner} ({entry.name})", entry)
        for place, (owner, entry) in enumerate(zip(owners, found, strict=True))
    ]


def _described(name: str, entry: EntryPoint, loaded: Mapping[str, object]) -> Plugin:
    distribution = _distribution(entry)
    state: State = "not loaded"
    if not allowed(distribution, os.environ.get("CHAMBER_PLUGINS"), entry.name):
        state = "denied"
    elif name in broken:
        state = "broken"
    elif name in loaded:
        state = "loaded"
    version = entry.dist.version if entry.dist else ""
    adds = tuple(added.get(name, ())) or tuple(m for m, owner in OFFICIAL.items() if owner == name)
    return Plugin(entry.name, distribution, version, state, adds, str(broken[name]) if name in broken else None)
