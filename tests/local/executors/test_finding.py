import subprocess

import pytest

from chamber.core.errors import ConfigurationError
from chamber.local import LocalChamber


def test_without_its_extra_the_container_executor_says_what_to_install(installed):
    code = "from chamber.local import LocalChamber; LocalChamber(executor='container').start()"
    ended = subprocess.run([installed("chamber-local"), "-c", code], capture_output=True, text=True, check=False)

    assert "pip install 'chamber-local[container]'" in ended.stderr
    assert "python_on_whales" not in ended.stderr.splitlines()[-1]


def test_an_engine_that_is_not_known_is_refused(monkeypatch):
    monkeypatch.setenv("CHAMBER_ENGINE", "rocket")

    with pytest.raises(ConfigurationError, match="CHAMBER_ENGINE is 'rocket': executor='container' works with docker"):
        LocalChamber(executor="container").start()


def test_where_no_engine_answers_each_says_why(monkeypatch, tmp_path):
    docker = tmp_path / "docker"
    docker.write_text("#!/bin/sh\necho 'Cannot connect to the Docker daemon' >&2\nexit 1\n")
    docker.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))

    with pytest.raises(ConfigurationError, match="docker: Cannot connect to the Docker daemon; podman: not installed"):
        LocalChamber(executor="container").start()


def test_an_executor_that_is_not_there_is_named():
    with pytest.raises(ConfigurationError, match="there is process, container, simulated"):
        LocalChamber(executor="rocket")
    with pytest.raises(ConfigurationError, match="container_gpus='some' is not there; there is require, count"):
        LocalChamber(container_gpus="some")
    with pytest.raises(ConfigurationError, match="log_limit=-1 is not a number of bytes"):
        LocalChamber(log_limit=-1)
