from __future__ import annotations

import copy
import inspect
import pickle

import pytest

from chamber.core import errors
from chamber.core.errors import ChamberError

KINDS = [kind for _, kind in inspect.getmembers(errors, inspect.isclass) if issubclass(kind, ChamberError)]
BUILTINS = {
    "ConfigurationError": ValueError,
    "ValidationError": ValueError,
    "TransportError": ConnectionError,
    "DeadlineExceeded": TimeoutError,
    "WaitTimeout": TimeoutError,
}


@pytest.mark.parametrize("kind", KINDS)
def test_every_error_carries_what_is_known_and_survives_pickling(kind):
    error = kind("It broke", 418, code="TEAPOT", details=["a"], request_id="r", method="GET", url="https://x/y")
    error.retry_after = 1.5
    for same in (error, pickle.loads(pickle.dumps(error)), copy.copy(error), copy.deepcopy(error)):
        assert type(same) is kind
        assert (same.message, same.status_code, same.code, same.details) == ("It broke", 418, "TEAPOT", ("a",))
        assert (same.request_id, same.method, same.url, same.retry_after) == ("r", "GET", "https://x/y", 1.5)
        assert str(same) == "It broke (GET https://x/y, request r)"


@pytest.mark.parametrize("kind", KINDS)
def test_a_message_alone_is_enough(kind):
    error = kind("It broke")
    assert (str(error), error.status_code, error.details) == ("It broke", None, ())


@pytest.mark.parametrize("kind", KINDS)
def test_every_error_is_documented_and_public(kind):
    assert kind.__doc__
    assert kind.__name__ in errors.__all__
    assert kind.__name__ in str(errors.__doc__)


@pytest.mark.parametrize(("name", "builtin"), BUILTINS.items())
def test_an_error_is_also_the_builtin_that_one_expects(name, builtin):
    assert issubclass(getattr(errors, name), builtin)
