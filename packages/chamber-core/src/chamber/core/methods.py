"""What the clients can do: core's own operations and then the plugins', as base classes that arrive on first need.

Importing a client so loads neither the transport nor the models nor the plugin host.
"""

from __future__ import annotations

from _thread import RLock

from chamber.core.operations import Operations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from chamber.core.capacity import CapacityOperations
    from chamber.core.explaining.operations import ExplainingOperations
    from chamber.core.health import HealthOperations
    from chamber.core.many import ManyOperations
    from chamber.core.search import SearchOperations

    from chamber.run.operations import RunOperations  # isort: skip
    from chamber.admin.operations import AdminOperations
    from chamber.metrics.operations import MetricsOperations

__all__ = ["Methods"]

_CLIENTS = "chamber.core.client"

if TYPE_CHECKING:

    class Methods(
        ManyOperations,
        ExplainingOperations,
        SearchOperations,
        CapacityOperations,
        HealthOperations,
        RunOperations,
        MetricsOperations,
        AdminOperations,
    ):
        """What checkers and editors see. Those of plugins come last: a checker stops at a base it cannot find."""

else:

    class Extensible(type):
        """The first name that a client lacks brings in the next stage of bases."""

        def __getattr__(cls, name):
            if name.startswith("_"):
                raise AttributeError(f"{cls.__name__} has no attribute {name!r}", name=name, obj=cls)
            if _grow():
                return getattr(cls, name)
            if any(name in vars(base) for base in cls.__mro__):  # another thread brought it in just now
                return type.__getattribute__(cls, name)
            raise AttributeError(_missing(cls, name), name=name, obj=cls)

        def __dir__(cls):
            _grow_fully()
            return super().__dir__()

    class Methods(Operations, metaclass=Extensible):
        """Base of both clients. Its own bases arrive on first need."""

        def __init_subclass__(cls, **arguments):
            super().__init_subclass__(**arguments)
            if cls.__module__ != _CLIENTS:
                _grow_fully()
                _check_subclass(cls)

        def __dir__(self):
            _grow_fully()
            return super().__dir__()

        def __getattr__(self, name):
            getattr(type(self), name)
            return object.__getattribute__(self, name)


def _workload_operations() -> tuple[type[Operations], ...]:
    """Those that most programs use, and often no others: the rest would be a tenth of a first answer."""
    from chamber.core.workloads import WorkloadOperations

    return (WorkloadOperations, Operations)


def _core_operations() -> tuple[type[Operations], ...]:
    from chamber.core.capacity import CapacityOperations
    from chamber.core.explaining.operations import ExplainingOperations
    from chamber.core.health import HealthOperations
    from chamber.core.many import ManyOperations
    from chamber.core.search import SearchOperations

    return (ManyOperations, ExplainingOperations, SearchOperations, CapacityOperations, HealthOperations, Operations)


def _all_operations() -> tuple[type[Operations], ...]:
    from chamber.core.plugins import operations_of_plugins

    core = _core_operations()
    cores = [name for owner in core for name in dir(owner)]
    clients = [name for client in Methods.__subclasses__() for name in vars(client)]
    return (*operations_of_plugins(dict.fromkeys([*cores, *clients], "chamber-core")), *core)


_stages = [_workload_operations, _core_operations, _all_operations]
_lock = RLock()


def regrow() -> None:
    """Ask the plugins again, after one was registered or taken away."""
    with _lock:
        _stages[:] = [_all_operations]
        _grow_fully()


def _grow() -> bool:
    """Bring in the next stage of bases; False when there is none left."""
    with _lock:
        if not _stages:
            return False
        bases = _stages[0]()
        if _stages:  # a plugin's import may have used a client, and so grown it already
            _set_bases(bases)
            del _stages[0]
        return True


def _set_bases(bases: tuple[type[Operations], ...]) -> None:
    try:
        Methods.__bases__ = bases
    except TypeError as error:
        from chamber.core.errors import PluginError

        raise PluginError(
            f"A class derives from a client and from operations that every client has already ({error}): "
            "derive it from the client alone"
        ) from None


def _grow_fully() -> None:
    while _grow():
        pass


def _check_subclass(client: type) -> None:
    from chamber.core.errors import PluginError

    if not hasattr(client, "aclose") and "request" in vars(client):
        raise PluginError(
            f"{client.__name__} overrides request(), which only AsyncChamberClient calls: "
            "subclass that one, or write a plugin"
        )


def _missing(client: type, name: str) -> str:
    """Why a client has no attribute `name`, and what to do about it."""
    from chamber.core.official import OFFICIAL
    from chamber.core.plugins import absence, broken

    if (distribution := OFFICIAL.get(name)) is None:
        aside = "; ".join(f"{owner} was set aside ({error})" for owner, error in broken.items())
        return f"{client.__name__} has no attribute {name!r}{'; ' if aside else ''}{aside}"
    return f"{client.__name__}.{name}() comes with {distribution}, which {absence(distribution)}"
