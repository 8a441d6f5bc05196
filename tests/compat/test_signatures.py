"""Every public name of the vendor's package is there, with the parameters that it has."""

import pytest
from comparison import lacks


@pytest.fixture
def described(told):
    return {package: told(package, "described.py") for package in ("theirs", "ours")}


def test_no_public_name_and_no_parameter_of_theirs_is_missing(described):
    assert sum(len(names) for names in described["theirs"].values()) > 100
    assert lacks(described["theirs"], described["ours"]) == []
