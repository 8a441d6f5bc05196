"""The clouds as plugins: found as a stranger's are, asked after a stranger's, and deniable one by one."""

import os
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pluggy
import pytest

from chamber.core.hooks import PROJECT, hookimpl
from chamber.core.plugins import manager
from chamber.run import answers
from chamber.run.clouds import aws, github
from chamber.run.hooks import RunHooks
from chamber.run.targets import Registry

ECR = "123456789012.dkr.ecr.us-east-1.amazonaws.com/ml"
ROWS = [
    ("run-aws", ECR),
    ("run-azure", "contoso.azurecr.io/ml"),
    ("run-docker-hub", "docker.io/acme"),
    ("run-github", "ghcr.io/acme"),
    ("run-gitlab", "registry.gitlab.com/acme"),
    ("run-google", "us-docker.pkg.dev/acme/ml"),
    ("run-harbor", "harbor.example.com/acme"),
    ("run-quay", "quay.io/acme"),
]
API = "https://api.chamber.test/v1"


@pytest.fixture(autouse=True)
def variables(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CI_REGISTRY", "registry.gitlab.com")
    monkeypatch.setenv("HARBOR_URL", "https://harbor.example.com")


@pytest.fixture
def _fresh() -> Any:
    manager.cache_clear()
    yield
    manager.cache_clear()


@pytest.mark.parametrize(("name", "registry"), ROWS)
def test_each_is_a_plugin_that_knows_its_registry(name: str, registry: str) -> None:
    assert f"chamber-run ({name})" in dict(manager().list_name_plugin())
    answer = answers.registry(registry, API)
    assert answer is not None
    assert (answer.prefix, answer.password) == (registry, None)
    assert answer.login is not None


def test_nobody_knows_a_strangers_registry() -> None:
    assert answers.registry("registry.stranger.example/ml", API) is None
    assert answers.known_registry("registry.stranger.example/ml", API) == Registry("registry.stranger.example/ml")


def test_chamber_run_registry_of_a_stranger_comes_before_ours() -> None:
    class Acme:
        @hookimpl
        def chamber_run_registry(self, registry: str | None) -> Registry | None:
            return Registry(registry, "acme", "secret") if registry == ECR else None

    host = pluggy.PluginManager(PROJECT)
    host.add_hookspecs(RunHooks)
    for plugin in (Acme(), aws, github):
        host.register(plugin)
    assert host.hook.chamber_run_registry(registry=ECR, api_url=API, organization_id=None) == Registry(
        ECR, "acme", "secret"
    )
    assert host.hook.chamber_run_registry(registry="ghcr.io/acme", api_url=API, organization_id=None).login


@pytest.mark.parametrize("wish", ["-run-aws", "-chamber-run", "-run_aws,-x"])
@pytest.mark.usefixtures("_fresh")
def test_one_can_be_denied(wish: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CHAMBER_PLUGINS", wish)
    names = dict(manager().list_name_plugin())
    assert "chamber-run (run-aws)" not in names
    assert ("chamber-run (run-google)" in names) is (wish != "-chamber-run")


def test_they_load_nothing_heavy() -> None:
    program = (
        "import sys\n"
        "from chamber.core.plugins import manager\n"
        "from chamber.run import answers\n"
        f"for registry in {[registry for _, registry in ROWS]}: assert answers.registry(registry, ''), registry\n"
        "print(sorted({'botocore', 'google.auth', 'requests', 'subprocess.run'} & set(sys.modules)))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], env=dict(os.environ), capture_output=True, text=True, check=False
    )
    assert (done.stderr, done.stdout) == ("", "[]\n")


def test_planning_asks_nobody(program: Callable[[str, str], Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GH_TOKEN", raising=False)
    monkeypatch.delenv("GITHUB_TOKEN", raising=False)
    calls = [program(name, "exit 1") for name in ("aws", "gcloud", "az", "gh")]
    for _, registry in ROWS:
        answers.known_registry(registry, API)
    assert not any(path.exists() for path in calls)
