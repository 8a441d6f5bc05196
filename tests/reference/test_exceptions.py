"""Sections "Exceptions" and "Handling run() Errors"."""

import importlib

import pytest

from chamber.core import (
    AuthenticationError,
    AuthorizationError,
    ChamberError,
    DockerError,
    NotFoundError,
    RateLimitError,
    ServerError,
    ValidationError,
)
from chamber.core.testing import RecordingTransport, Reply
from chamber.run import RegistryAuthError

BY_STATUS = {
    401: AuthenticationError,
    403: AuthorizationError,
    404: NotFoundError,
    400: ValidationError,
    429: RateLimitError,
    500: ServerError,
    503: ServerError,
}


@pytest.mark.parametrize(("status", "kind"), BY_STATUS.items())
def test_each_status_has_its_class(client_of, status, kind):
    error = {"error": {"code": "X", "message": "told by the API", "details": []}}
    transport = RecordingTransport({"GET workloads/wl_1": Reply(status, error)})
    with pytest.raises(kind, match="told by the API") as caught:
        client_of(transport).get_workload("wl_1")
    assert "told by the API" in caught.value.message
    assert (caught.value.status_code, isinstance(caught.value, ChamberError)) == (status, True)


def test_all_of_them_are_one_family():
    assert issubclass(RegistryAuthError, DockerError)
    assert all(issubclass(kind, ChamberError) for kind in (DockerError, *BY_STATUS.values()))


@pytest.mark.parametrize(
    ("module", "names"),
    [
        ("chamber.core", "ChamberError AuthenticationError AuthorizationError NotFoundError ValidationError"),
        ("chamber.core", "RateLimitError ServerError DockerError JobStatus JobClass ScalingMode AllocationStatus"),
        ("chamber.core", "ChamberClient"),
        ("chamber.run", "RegistryAuthError"),
    ],
)
def test_each_is_imported_from_where_the_reference_says(module, names):
    found = importlib.import_module(module)
    assert all(isinstance(getattr(found, name), type) for name in names.split())


def test_the_three_kinds_of_mistake_in_a_run_are_told_apart(client, team, tmp_path):
    with pytest.raises(FileNotFoundError):
        client.run(tmp_path, team=team, registry="localhost:5000/x")
    (tmp_path / "train.py").write_text("print(1)\n")
    with pytest.raises(ValueError, match="registry"):
        client.run(tmp_path, team=team)
    with pytest.raises(DockerError):
        client.run(tmp_path, team=team, registry="127.0.0.1:9/x", base_image="127.0.0.1:9/python:3.11")
