"""The client: what it was made with, the client below, and what it takes as the vendor's does."""

import inspect
import subprocess
import sys

import pytest

import chamber_sdk
from chamber.core import ChamberClient as Below
from chamber.local import LocalChamber
from chamber_sdk import ChamberClient, JobStatus, ScalingMode


@pytest.fixture(scope="module")
def chamber(tmp_path_factory):
    folder = tmp_path_factory.mktemp("chamber")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CHAMBER_CONFIG_DIR", str(folder / "settings"))
        with LocalChamber(executor="simulated", data_dir=folder / "data") as started:
            yield started


@pytest.fixture
def client(chamber):
    with ChamberClient(chamber.token, chamber.api_url, chamber.organization_id) as made:
        yield made


def test_the_client_below_has_the_same_token_and_everything_else(client, chamber):
    assert isinstance(client.chamber, Below)
    job = client.chamber.submit_job("below", chamber.team, "H100", 1)
    assert client.get_workload(job.id).name == "below"
    assert client.chamber is client.chamber


def test_what_is_assigned_holds_for_the_next_call(client, chamber):
    before = client.chamber
    client.organization_id = "org_other"
    with pytest.raises(chamber_sdk.AuthorizationError):
        client.list_teams()
    assert before.list_teams()
    client.organization_id = chamber.organization_id
    assert client.chamber is before


def test_a_closed_client_opens_again(client):
    client.close()
    client.close()
    assert client.health().status == "healthy"


def test_an_environment_variable_names_the_token_and_the_api(monkeypatch, chamber):
    monkeypatch.setenv("CHAMBER_TOKEN", chamber.token)
    monkeypatch.setenv("CHAMBER_API_URL", chamber.api_url)
    assert ChamberClient().list_teams()
    assert ChamberClient().api_url == chamber.api_url
    assert ChamberClient(api_url="https://other.example/v1").api_url == "https://other.example/v1"


def test_without_a_login_from_config_takes_the_token_of_the_environment(monkeypatch, chamber):
    with pytest.raises(chamber_sdk.AuthenticationError):
        ChamberClient.from_config()
    monkeypatch.setenv("CHAMBER_TOKEN", chamber.token)
    client = ChamberClient.from_config(api_url=chamber.api_url, organization_id=chamber.organization_id)
    assert client.list_teams()


def test_an_empty_token_of_the_login_is_not_replaced_by_the_environments(monkeypatch, own_settings):
    own_settings.mkdir(mode=0o700)
    (own_settings / "token.json").write_text('{"access_token": ""}')
    (own_settings / "token.json").chmod(0o600)
    monkeypatch.setenv("CHAMBER_TOKEN", "ch.of-the-environment")
    with pytest.raises(chamber_sdk.AuthenticationError, match="empty"):
        ChamberClient.from_config()


def test_a_plugin_gives_the_token_and_renews_it(registered_token, chamber):
    registered_token.append("ch.expired")
    client = ChamberClient(api_url=chamber.api_url, organization_id=chamber.organization_id)
    registered_token.append(chamber.token)
    assert client.list_teams()


@pytest.fixture
def registered_token():
    """The tokens that a plugin has, the last one to be used."""
    from chamber.core.hooks import hookimpl
    from chamber.core.testing import registered

    tokens = []

    class Plugin:
        @hookimpl
        def chamber_token(self, api_url):
            return tokens[-1] if tokens else None

    with registered(Plugin()):
        yield tokens


def test_a_listing_takes_no_filter_that_does_not_exist(client):
    with pytest.raises(TypeError, match="team"):
        list(client.iter_workloads(team="ml"))


def test_the_pods_of_a_job_scale_as_either_spelling_says(client, chamber):
    for mode in (ScalingMode.GANG, "gang", "GANG"):
        job = client.submit_job("scaled", chamber.team, "H100", 1, scaling_mode=mode, requested_pods=1)
        assert job.status in set(JobStatus)


def test_without_the_extra_each_part_of_run_says_what_to_install():
    program = (
        "import sys; sys.modules['chamber.run'] = None\n"
        "import chamber_sdk\n"
        "from chamber_sdk.run import DryRunResult, ProjectProfile, DockerError, detect_project, is_ecr_registry\n"
        "client = chamber_sdk.ChamberClient('ch.a-token')\n"
        "calls = [lambda: client.run('.'), client.list_registries, lambda: detect_project('.'),\n"
        "         lambda: is_ecr_registry('x'), chamber_sdk.get_configured_registries]\n"
        "for call in calls:\n"
        "    try: call()\n"
        "    except ImportError as error: print(error)\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    line = "This needs chamber-run, which is not installed: pip install 'chamber-compat[run]'\n"
    assert (done.stderr, done.stdout) == ("", line * 5)


def test_importing_it_loads_nothing_heavy():
    program = (
        "import chamber_sdk, sys; print(sorted(sys.modules & {'aiohttp', 'msgspec', 'pluggy', 'asyncio', 'yaml'}))"
    )
    program = program.replace("sys.modules &", "sys.modules.keys() &")
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def test_the_version_is_that_of_the_distribution():
    from importlib.metadata import version

    assert chamber_sdk.__version__ == version("chamber-compat")


def test_every_method_says_what_it_does():
    methods = [name for name in dir(ChamberClient) if not name.startswith("_")]
    assert [name for name in methods if not inspect.getdoc(getattr(ChamberClient, name))] == []
