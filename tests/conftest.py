"""No test reads or writes the settings of whoever runs it."""

import os

import pytest


@pytest.fixture(autouse=True)
def own_settings(monkeypatch, tmp_path_factory):
    """An empty folder of settings for each test, and no variable of Chamber's from outside."""
    for name in [name for name in os.environ if name.startswith("CHAMBER_")]:
        monkeypatch.delenv(name)
    folder = tmp_path_factory.mktemp("home")
    monkeypatch.setenv("CHAMBER_CONFIG_DIR", str(folder / ".chamber"))
    return folder / ".chamber"
