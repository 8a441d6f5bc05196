"""What plugins answer holds a password that is shown to nobody."""

import copy
import json
import pickle

import msgspec
import pytest
from rich.pretty import pretty_repr

from chamber.core.redaction import Secret
from chamber.run.targets import Registry

VIEWS = {
    "repr": repr,
    "str": str,
    "rich": pretty_repr,
    "pickle": lambda value: repr(pickle.dumps(value)),
    "copy": lambda value: repr(copy.deepcopy(value)),
    "builtins": lambda value: repr(msgspec.to_builtins(value, enc_hook=str)),
    "JSON": lambda value: json.dumps(msgspec.structs.asdict(value)),
}


@pytest.mark.parametrize("view", VIEWS)
def test_the_password_of_a_registry_is_in_no_view_of_it(view: str) -> None:
    registry = Registry("r.test", "ada", "very-secret-password")
    assert "very-secret" not in VIEWS[view](registry)
    assert registry.password == Secret("very-secret-password")


def test_a_password_may_be_hidden_from_the_beginning() -> None:
    assert Registry("r.test", "ada", Secret("a")) == Registry("r.test", "ada", "a")
    assert msgspec.structs.replace(Registry("r.test", "ada", "a"), insecure=True).password == Secret("a")
    assert Registry("r.test").password is None
