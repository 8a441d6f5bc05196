"""The plugin host: what it finds, what it sets aside, and what it says."""

# pyright: reportAttributeAccessIssue=false, reportGeneralTypeIssues=false

from __future__ import annotations

import types
from collections.abc import Callable
from typing import Any

import pluggy
import pytest

from chamber.core import (
    AsyncChamberClient,
    ChamberClient,
    Operations,
    PluginError,
    hookimpl,
    hookspec,
    methods,
    operation,
    plugins,
)
from chamber.core.official import OFFICIAL
from chamber.core.testing import registered


def operations(**bodies: Any) -> type[Operations]:
    return type("Made", (Operations,), {"__module__": "acme.operations", **bodies})


def plugin(kind: type[Operations] | None = None, **hooks: Callable[..., Any]) -> types.ModuleType:
    module = types.ModuleType("acme.plugin")
    if kind is not None:
        hooks["chamber_operations"] = lambda: kind
    for name, hook in hooks.items():
        setattr(module, name, hookimpl(hook))
    return module


@operation
async def quota(self: Operations, team: str) -> str:
    """What a team may use."""
    return f"quota of {team}"


class Distribution:
    def __init__(self, name: str) -> None:
        self.name = name
        self.version = "1.2"


class Entry:
    """An entry point of a distribution that is not installed."""

    def __init__(self, distribution: str, loads: Any) -> None:
        self.dist, self.name, self._loads = Distribution(distribution), "plugin", loads
        self.loaded = 0

    def load(self) -> Any:
        self.loaded += 1
        if isinstance(self._loads, BaseException):
            raise self._loads
        return self._loads


@pytest.fixture
def installed(monkeypatch):
    """Pretend that exactly these plugins are installed; a fresh host looks for them."""

    def install(*entries: Entry) -> None:
        monkeypatch.setattr(plugins, "entry_points", lambda group: [e for e in entries if group == "chamber"])
        plugins.manager.cache_clear()
        plugins.broken.clear()
        plugins.added.clear()
        methods._stages[:] = [methods._core_operations, methods._all_operations]
        methods.Methods.__bases__ = methods._core_operations()

    yield install
    monkeypatch.undo()
    plugins.manager.cache_clear()
    plugins.broken.clear()
    methods.regrow()


@pytest.mark.parametrize("client", [ChamberClient, AsyncChamberClient])
@pytest.mark.parametrize("name", OFFICIAL)
def test_a_method_of_a_package_that_is_missing_says_how_to_get_it(installed, client, name):
    installed()
    text = (
        f"{client.__name__}.{name}() comes with {OFFICIAL[name]}, which is not installed: pip install {OFFICIAL[name]}"
    )
    for owner in (client, client("ch.a")):
        with pytest.raises(AttributeError) as caught:
            getattr(owner, name)
        assert str(caught.value) == text
        assert caught.value.name == name
    assert not hasattr(client, name)


def test_any_other_name_is_simply_not_there(installed):
    installed()
    with pytest.raises(AttributeError, match=r"^ChamberClient has no attribute 'rnu'$"):
        ChamberClient("ch.a").rnu  # noqa: B018


def test_a_plugin_that_cannot_be_imported_is_named_and_the_others_work(installed):
    installed(
        Entry("chamber-run", ImportError("no module named 'pathspec'")),
        Entry("acme-quota", plugin(operations(get_quota=quota))),
    )
    assert ChamberClient("ch.a").get_quota("ml") == "quota of ml"
    with pytest.raises(AttributeError) as caught:
        ChamberClient("ch.a").run("p")
    assert str(caught.value) == (
        "ChamberClient.run() comes with chamber-run, which could not be loaded "
        "(ImportError: no module named 'pathspec')"
    )


def test_a_plugin_whose_hook_fails_is_set_aside(installed):
    def fail() -> None:
        raise RuntimeError("half installed")

    installed(Entry("chamber-metrics", plugin(chamber_operations=fail)))
    with pytest.raises(AttributeError, match=r"could not be loaded \(RuntimeError: half installed\)"):
        ChamberClient("ch.a").get_workload_stats()


@pytest.mark.parametrize("wrong", [7, "RunOperations", type("Stranger", (), {}), Operations()])
def test_a_plugin_that_gives_no_class_of_operations_is_set_aside(installed, wrong):
    installed(
        Entry("chamber-run", plugin(chamber_operations=lambda: wrong)), Entry("acme", plugin(operations(q=quota)))
    )
    assert ChamberClient("ch.a").q("ml") == "quota of ml"
    with pytest.raises(AttributeError, match="could not be loaded"):
        ChamberClient("ch.a").run("p")


@pytest.mark.parametrize("name", ["get_quota", "_private"])
def test_two_plugins_with_one_name_are_an_error_that_names_both_every_time(installed, name):
    installed(
        Entry("acme-one", plugin(operations(**{name: quota}))), Entry("acme-two", plugin(operations(**{name: quota})))
    )
    for _ in range(2):
        with pytest.raises(PluginError) as caught:
            ChamberClient("ch.a").get_quota  # noqa: B018
        assert str(caught.value) == f"acme-one and acme-two both define {name}(): uninstall one of them"
    assert ChamberClient("ch.a").get_workload, "core itself goes on working"


@pytest.mark.parametrize("name", ["get_workload", "close", "aclose", "request", "from_config", "_bind", "_wait"])
def test_a_plugin_cannot_take_a_name_of_core(installed, name):
    installed(Entry("acme", plugin(operations(**{name: quota}))))
    with pytest.raises(PluginError, match=rf"chamber-core and acme both define {name}\(\)"):
        ChamberClient("ch.a").get_quota  # noqa: B018


def test_a_plugin_may_inherit_cores_operations_and_its_own_bases(installed):
    from chamber.core.workloads import WorkloadOperations

    base = operations(get_quota=quota)
    kind = type("More", (base, WorkloadOperations), {"__module__": "acme.more", "other": quota})
    installed(Entry("acme", plugin(kind)))
    assert ChamberClient("ch.a").other("ml") == ChamberClient("ch.a").get_quota("ml") == "quota of ml"


def test_a_name_inherited_by_two_plugins_from_one_base_conflicts(installed):
    """Whoever is uninstalled last takes the base away from nobody: only one can bring it."""
    first, second = operations(get_quota=quota), operations(get_quota=quota)
    installed(
        Entry("acme-one", plugin(type("A", (first,), {"__module__": "acme.a"}))),
        Entry("acme-two", plugin(type("B", (second,), {"__module__": "acme.b"}))),
    )
    with pytest.raises(PluginError, match="acme-one and acme-two both define get_quota"):
        ChamberClient("ch.a").get_quota  # noqa: B018


def test_a_plugin_with_a_misspelt_hook_is_set_aside_and_the_hook_named(installed):
    installed(
        Entry("chamber-run", plugin(operations(run=quota), chamber_operatoins=lambda: None)),
        Entry("acme", plugin(operations(get_quota=quota))),
    )
    for _ in range(2):
        with pytest.raises(AttributeError) as caught:
            ChamberClient("ch.a").run("p")
        assert str(caught.value) == (
            "ChamberClient.run() comes with chamber-run, which could not be loaded "
            "(PluginError: there is no hook chamber_operatoins)"
        )
    assert ChamberClient("ch.a").get_quota("ml") == "quota of ml"


def test_a_name_that_is_not_there_names_the_plugins_that_were_set_aside(installed):
    installed(Entry("acme", ImportError("no module named 'x'")))
    with pytest.raises(AttributeError) as caught:
        ChamberClient("ch.a").get_quota  # noqa: B018
    assert str(caught.value) == ("ChamberClient has no attribute 'get_quota'; acme was set aside (no module named 'x')")


def test_a_hook_with_an_argument_that_the_host_does_not_give_is_set_aside(installed):
    installed(Entry("chamber-run", plugin(chamber_operations=lambda client: None)))
    with pytest.raises(AttributeError, match="could not be loaded"):
        ChamberClient("ch.a").run("p")


def test_an_optional_hook_of_a_package_that_is_not_there_is_no_error(installed):
    module = plugin(operations(get_quota=quota))
    module.chamber_run_registry = hookimpl(lambda: None, optionalhook=True)
    installed(Entry("acme", module))
    assert ChamberClient("ch.a").get_quota("ml") == "quota of ml"


def test_a_plugin_may_bring_hooks_of_its_own(installed):
    class AcmeHooks:
        @hookspec
        def chamber_acme_limit(self, team: str) -> int:
            raise AssertionError

    installed(
        Entry("acme", plugin(chamber_hookspecs=lambda: AcmeHooks)),
        Entry("other", plugin(chamber_acme_limit=lambda team: 7)),
    )
    assert plugins.manager().hook.chamber_acme_limit(team="ml") == [7]


def test_two_plugins_of_one_distribution_both_load(installed):
    installed(Entry("acme", plugin(operations(a=quota))), Entry("acme", plugin(operations(b=quota))))
    assert ChamberClient("ch.a").a("x") == ChamberClient("ch.a").b("x")


@pytest.mark.parametrize(
    ("wish", "loaded"),
    [
        (None, {"acme-one", "acme-two"}),
        ("acme-one", {"acme-one"}),
        ("acme-one,acme-two", {"acme-one", "acme-two"}),
        (" acme-one , ", {"acme-one"}),
        ("Acme_One", {"acme-one"}),
        ("-acme-one", {"acme-two"}),
        ("-acme_one,-acme.two", set()),
        ("acme-one,-acme-one", set()),
        ("acme-one,acme-two,-acme-two", {"acme-one"}),
        ("stranger", set()),
        ("", set()),
        (" , ", set()),
    ],
)
def test_a_variable_allows_and_denies_plugins(installed, monkeypatch, wish, loaded):
    if wish is not None:
        monkeypatch.setenv("CHAMBER_PLUGINS", wish)
    entries = [Entry("acme-one", plugin(operations(one=quota))), Entry("acme-two", plugin(operations(two=quota)))]
    installed(*entries)
    assert {name for name, _ in plugins.manager().list_name_plugin()} == loaded
    assert {entry.dist.name for entry in entries if entry.loaded} == loaded, "what is denied is not even imported"


def test_a_method_of_a_denied_plugin_says_that_it_is_denied(installed, monkeypatch):
    monkeypatch.setenv("CHAMBER_PLUGINS", "-chamber-run")
    installed(Entry("chamber-run", plugin(operations(run=quota))))
    with pytest.raises(AttributeError, match="chamber-run, which CHAMBER_PLUGINS leaves out: it is '-chamber-run'"):
        ChamberClient("ch.a").run("p")


def test_a_method_of_an_official_package_that_is_too_old_says_so(installed):
    installed(Entry("chamber-run", plugin(operations(run=quota))))
    with pytest.raises(
        AttributeError, match=r"chamber-run, which is installed and lacks it: pip install --upgrade chamber-run"
    ):
        ChamberClient("ch.a").plan("p")


def test_plugins_are_loaded_with_the_first_name_that_core_lacks(installed):
    entry = Entry("acme", plugin(operations(get_quota=quota)))
    installed(entry)
    assert ChamberClient("ch.a").get_workload
    assert entry.loaded == 0
    assert ChamberClient("ch.a").get_quota
    assert entry.loaded == 1


def test_a_registered_plugin_is_there_and_then_gone():
    with registered(plugin(operations(get_quota=quota))):
        assert ChamberClient("ch.a").get_quota("ml") == "quota of ml"
    assert not hasattr(ChamberClient, "get_quota")
    with registered(plugin(operations(get_quota=quota))):
        assert hasattr(ChamberClient, "get_quota")


def test_a_registered_plugin_is_gone_after_a_failure_too():
    with pytest.raises(ZeroDivisionError), registered(plugin(operations(get_quota=quota))):
        raise ZeroDivisionError
    assert not hasattr(ChamberClient, "get_quota")
    conflict = plugin(operations(get_workload=quota))
    with (
        pytest.raises(PluginError, match="chamber-core and mine both define get_workload"),
        registered(conflict, "mine"),
    ):
        raise AssertionError
    assert ChamberClient("ch.a").get_workload


def test_registering_a_plugin_with_a_misspelt_hook_says_so():
    with pytest.raises(PluginError, match="chamber_operatoins"), registered(plugin(chamber_operatoins=lambda: None)):
        raise AssertionError
    assert not hasattr(ChamberClient, "get_quota")


def test_registering_a_plugin_that_fails_says_so():
    def fail() -> None:
        raise RuntimeError("half installed")

    with pytest.raises(RuntimeError, match="half installed"), registered(plugin(chamber_operations=fail)):
        raise AssertionError


def test_the_host_is_plain_pluggy():
    assert isinstance(plugins.manager(), pluggy.PluginManager)
    assert plugins.manager() is plugins.manager()


@pytest.mark.parametrize("client", [ChamberClient, AsyncChamberClient])
def test_a_client_lists_its_plugins_and_imports_none(installed, monkeypatch, client):
    monkeypatch.setenv("CHAMBER_PLUGINS", "-acme-two")
    entries = [
        Entry("acme-one", plugin(operations(one=quota))),
        Entry("acme-two", plugin()),
        Entry("chamber-run", plugin()),
    ]
    installed(*entries)
    listed = client("ch.a").plugins
    assert [(p.name, p.distribution, p.version, p.state, p.error) for p in listed] == [
        ("plugin", "acme-one", "1.2", "not loaded", None),
        ("plugin", "acme-two", "1.2", "denied", None),
        ("plugin", "chamber-run", "1.2", "not loaded", None),
    ]
    assert listed[0].adds == ()
    assert set(listed[2].adds) == {name for name, owner in OFFICIAL.items() if owner == "chamber-run"}
    assert [entry.loaded for entry in entries] == [0, 0, 0]


def test_the_list_tells_what_was_loaded_and_what_was_set_aside(installed):
    installed(Entry("acme-bad", ImportError("no module named 'x'")), Entry("acme-one", plugin(operations(one=quota))))
    client = ChamberClient("ch.a")
    assert client.one("ml") == "quota of ml"
    bad, good = client.plugins
    assert (bad.state, bad.adds, bad.error) == ("broken", (), "no module named 'x'")
    assert (good.state, good.adds, good.error) == ("loaded", ("one",), None)
