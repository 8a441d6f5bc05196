"""No test reads or writes the settings of whoever runs it, and every manifest is one that a cluster takes.

And both faces of a client, called alike.
"""

import asyncio
import contextlib
import functools
import inspect
import itertools
import json
import os
import pathlib
import re
import subprocess
import sys

import hypothesis
import jsonschema
import kubernetes_validate
import pytest
import yaml
from filelock import FileLock

from chamber.core.testing import RecordingTransport, recorded_async_client, recorded_client
from chamber.run.job import manifest
from chamber.run.planning import assembly

ROOT = pathlib.Path(__file__).parents[1]
#: Marker -> what such tests take: elsewhere than in CI they are run where they are asked for.
_LONG = {"rehearsal": "about 1.5 GB from the package index", "reliability": "minutes"}
#: In CI these are run with the first Python alone: what they show depends on no version of it.
_ONCE = ("engine", "once", *_LONG)
#: And these folders, which are about files of the repository, and about what answers are taken for.
_ONCE_IN = ("benchmarks", "dialects", "docs", "workspace")
_PYTHON = (3, 11)
_numbers = itertools.count()
_RAY_JOB = ROOT.parent / "shared" / "schemas" / "ray.io_rayjob_v1.schema.json"
#: What the schemas leave open (kubernetes.io: names, labels; the pattern of resource.Quantity).
_NAME = re.compile(r"[a-z]([a-z0-9-]{0,61}[a-z0-9])?")
_LABEL = re.compile(r"([A-Za-z0-9]([A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?)?")
_QUANTITY = re.compile(r"[+-]?[0-9.]+([eE][+-]?[0-9]+|[KMGTPE]i|[numkMGTPE])?")

#: Examples of each property: in CI always the same, and with other Pythons fewer;
#: ``--hypothesis-profile=release`` before a release; a few for each mutant (``hatch run reliability mutation``).
_EXAMPLES = {"ci": 200, "ci-again": 40, "local": 200, "release": 10_000, "mutation": 25}


def _profiles():
    slow = [hypothesis.HealthCheck.too_slow, hypothesis.HealthCheck.function_scoped_fixture]
    for name, examples in _EXAMPLES.items():
        fixed = name in {"ci", "ci-again", "mutation"}
        kept = {"database": None} if fixed else {}
        hypothesis.settings.register_profile(
            name, max_examples=examples, derandomize=fixed, deadline=None, suppress_health_check=slow, **kept
        )
    in_ci = "ci" if sys.version_info[:2] == _PYTHON else "ci-again"
    hypothesis.settings.load_profile(in_ci if os.environ.get("CI") == "true" else "local")


_profiles()


def pytest_collection_modifyitems(config, items):
    """Keep what takes long for ``-m`` and for CI, and there for one Python; it begins first, so that none ends last."""
    items[:] = _longest_first(items, int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1")))
    is_ci = os.environ.get("CI") == "true"
    for marker, price in _LONG.items():
        if not is_ci and marker not in config.option.markexpr:
            for item in _marked(items, marker):
                item.add_marker(pytest.mark.skip(f"takes {price}: hatch run test -m {marker}"))
    if is_ci and sys.version_info[:2] != _PYTHON:
        folders = tuple(str(ROOT / "tests" / name) + os.sep for name in _ONCE_IN)
        left_out = [item for item in items if _marked([item], *_ONCE) or str(item.path).startswith(folders)]
        gone = set(left_out)
        items[:] = [item for item in items if item not in gone]
        config.hook.pytest_deselected(items=left_out)


def _longest_first(items, workers):
    """The share that one worker begins with begins with what takes minutes, that of another with the engines."""
    long, engines = _marked(items, *_LONG), _marked(items, "engine")
    first = {item.nodeid for item in [*long, *engines]}
    others = [item for item in items if item.nodeid not in first]
    beside = max(0, len(items) // workers - len(long))
    engines = [item for item in engines if item not in long]
    return [*long, *others[:beside], *engines, *others[beside:]]


def _marked(items, *markers):
    return [item for item in items if any(item.get_closest_marker(marker) for marker in markers)]


@pytest.fixture(autouse=True)
def own_settings(monkeypatch, tmp_path_factory):
    """An empty folder of settings for each test, and no variable of Chamber's from outside."""
    for name in [name for name in os.environ if name.startswith("CHAMBER_")]:
        monkeypatch.delenv(name)
    folder = tmp_path_factory.getbasetemp() / f"settings-{next(_numbers)}"  # mktemp looks at all that are there
    folder.mkdir()
    monkeypatch.setenv("CHAMBER_CONFIG_DIR", str(folder / ".chamber"))
    return folder / ".chamber"


@pytest.fixture(params=["blocking", "awaiting"])
def client_of(request):
    """``client_of(transport or Chamber)`` → its client, blocking or async, whose methods are called alike."""
    with contextlib.ExitStack() as stack:
        opened = _blocking if request.param == "blocking" else _awaiting
        yield lambda source: opened(source, stack)


@pytest.fixture
def call(client_of):
    """``call(replies, method, *arguments)`` → the result, and the calls as they would have been sent."""

    def call(replies, method, *arguments, **options):
        transport = replies if isinstance(replies, RecordingTransport) else RecordingTransport(replies)
        return getattr(client_of(transport), method)(*arguments, **options), transport.calls

    return call


def _blocking(source, stack):
    recorded = isinstance(source, RecordingTransport)
    return stack.enter_context(recorded_client(source) if recorded else source.client())


def _awaiting(source, stack):
    recorded = isinstance(source, RecordingTransport)
    return stack.enter_context(Awaited(recorded_async_client(source) if recorded else source.async_client()))


class Awaited:
    """An async client as if it blocked: each call runs to its end, each listing is exhausted."""

    def __init__(self, client):
        self._client, self._runner = client, asyncio.Runner()

    def __getattr__(self, name):
        found = getattr(self._client, name)
        return self._run(found) if callable(found) else found

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._runner.run(self._client.aclose())
        self._runner.close()

    def _run(self, method):
        def call(*arguments, **options):
            made = method(*arguments, **options)
            if inspect.isasyncgen(made):
                return self._runner.run(_collected(made))
            return self._runner.run(made) if inspect.iscoroutine(made) else made

        return call


async def _collected(listing):
    return [item async for item in listing]


def run_uv(*arguments):
    """Run uv; what it prints is shown when it fails."""
    done = subprocess.run(
        [sys.executable, "-m", "uv", *map(str, arguments)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


@pytest.fixture(scope="session")
def shared(tmp_path_factory):
    """A folder of this run, the same for all workers."""
    own = tmp_path_factory.getbasetemp()
    return own.parent if "PYTEST_XDIST_WORKER" in os.environ else own


@pytest.fixture(scope="session")
def wheels(shared):
    """A folder with a wheel of every member and of the example plugin, built once for all workers."""
    folder = shared / "wheels"
    with FileLock(f"{folder}.lock"):
        if not folder.exists():
            for source in [*ROOT.glob("packages/chamber-*"), ROOT / "examples" / "chamber-acme"]:
                run_uv("build", "--wheel", "--out-dir", folder, source)
    return folder


@pytest.fixture
def installed(wheels, tmp_path):
    """Makes a new environment with these distributions, and returns its Python."""

    def install(*distributions):
        python = tmp_path / "env" / "bin" / "python"
        run_uv("venv", "--python", sys.executable, python.parent.parent)
        run_uv("pip", "install", "--python", python, "--find-links", wheels, *distributions)
        return python

    return install


@pytest.fixture(scope="session")
def valid():
    """The objects of a manifest, once they were found to be what a cluster takes."""

    def check(text):
        objects = tuple(yaml.safe_load_all(text))
        for made in objects:
            _check(made)
        return objects

    return check


@pytest.fixture(scope="session", autouse=True)
def valid_manifests(valid):
    """Every manifest that a plan has, in whichever test, is checked as it is written."""

    def rendered(objects):
        text = manifest.rendered(objects)
        valid(text)
        return text

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(assembly, "rendered", rendered)
        yield


def _check(made):
    if made["kind"] == "RayJob":
        jsonschema.Draft202012Validator(_ray_job_schema()).validate(made)
        assert len(made["metadata"]["name"]) <= 47
    else:
        kubernetes_validate.validate(made, kubernetes_validate.latest_version(), strict=True)
        kubernetes_validate.validate(made, "1.27", strict=True)
    for owner in _with_metadata(made):
        labels = owner["metadata"].get("labels", {})
        assert all(_LABEL.fullmatch(value) for value in labels.values()), labels
        assert _NAME.fullmatch(owner["metadata"].get("name", "none"))
    quantities = [*_values(made, "cpu"), *_values(made, "memory"), *_values(made, "sizeLimit")]
    assert all(_QUANTITY.fullmatch(str(value)) for value in quantities), quantities


def _with_metadata(value):
    if isinstance(value, dict) and "spec" in value:
        yield value
    for inner in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from _with_metadata(inner)


def _values(value, name):
    if isinstance(value, dict) and name in value:
        yield value[name]
    for inner in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from _values(inner, name)


@functools.cache
def _ray_job_schema():
    if not _RAY_JOB.is_file():
        reason = "the schema of RayJob is not beside the project, in ../shared/schemas"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    schema = json.loads(_RAY_JOB.read_text())
    schema["properties"] |= {"apiVersion": {"const": "ray.io/v1"}, "kind": {"const": "RayJob"}}
    _close(schema)
    return schema


def _close(schema):
    """Refuses what a schema does not name, as a cluster does when it is asked to be strict."""
    if isinstance(schema, dict):
        if "properties" in schema and not schema.get("x-kubernetes-preserve-unknown-fields"):
            schema.setdefault("additionalProperties", False)
        for inner in schema.values():
            _close(inner)
    elif isinstance(schema, list):
        for inner in schema:
            _close(inner)


def pytest_sessionfinish(session):
    """In CI nothing may be skipped: what is missing there is a failure."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if os.environ.get("CI") and reporter is not None and reporter.stats.get("skipped"):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
