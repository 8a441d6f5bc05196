"""Every method of both clients, core's and those of every package: one signature, one docstring, two ways to call."""

import inspect

import pytest

from chamber.core import AsyncChamberClient, ChamberClient, Operations
from chamber.core.official import OFFICIAL
from chamber.core.operations import listing

CLOSING = {"close": "aclose"}


def public(kind):
    return {name for name in dir(kind) if not name.startswith("_")}


NAMES = sorted(public(ChamberClient) - CLOSING.keys() - {"plugins"})
OWNERS = [owner for owner in ChamberClient.__mro__ if issubclass(owner, Operations) and owner.__name__ != "Methods"]
BODIES = {name: body for owner in OWNERS[1:] for name, body in vars(owner).items() if not name.startswith("_")}


@pytest.fixture(params=[lambda client: client, type], ids=["client", "class"])
def faces(request):
    """Both clients, and both classes."""
    return [request.param(kind("ch.token", "http://127.0.0.1:9/v1")) for kind in (ChamberClient, AsyncChamberClient)]


def test_the_operations_of_every_package_are_walked():
    packages = {owner.__module__.split(".")[1] for owner in OWNERS}
    assert packages == {"core", "run", "metrics", "admin"}
    assert BODIES.keys() | {"from_config"} == set(NAMES)
    assert set(OFFICIAL) < set(NAMES)


def test_both_faces_have_the_same_methods():
    assert {CLOSING.get(name, name) for name in public(ChamberClient)} == public(AsyncChamberClient)


@pytest.mark.parametrize("name", ["__init__", *NAMES])
def test_both_faces_have_one_signature(faces, name):
    blocking, awaiting = (getattr(face, name) for face in faces)
    assert inspect.signature(blocking) == inspect.signature(awaiting)
    assert blocking.__name__ == awaiting.__name__ == name


@pytest.mark.parametrize("name", sorted(BODIES))
def test_both_faces_have_the_docstring_and_parameters_of_the_body(faces, name):
    body = inspect.unwrap(getattr(BODIES[name], "__wrapped__", BODIES[name]))
    parameters = {each: it for each, it in inspect.signature(body).parameters.items() if each != "self"}
    for face in faces:
        method = getattr(face, name)
        assert inspect.getdoc(method) == inspect.getdoc(body) != ""
        assert inspect.signature(method).parameters == parameters


@pytest.mark.parametrize("name", sorted(BODIES))
def test_one_face_blocks_and_the_other_is_awaited(faces, name):
    blocking, awaiting = (getattr(face, name) for face in faces)
    kind = type(BODIES[name])
    assert not inspect.iscoroutinefunction(blocking)
    assert not inspect.isasyncgenfunction(blocking)
    assert inspect.iscoroutinefunction(awaiting) == (kind not in {listing, staticmethod})
    assert inspect.isasyncgenfunction(awaiting) == (kind is listing)
