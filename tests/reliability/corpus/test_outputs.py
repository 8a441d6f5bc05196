"""What other people's programs print: real programs, which print it."""

import asyncio
import os

import pytest
from odd_inputs import check, literal

from chamber.core.errors import ChamberError
from chamber.core.redaction import Secret
from chamber.run.clouds import acr, artifact_registry, ecr, github
from chamber.run.clouds.aws import Place
from chamber.run.engines import finding, refusals
from chamber.run.engines.output import Output
from chamber.run.job.commit import clean_commit
from chamber.run.registry import credentials

#: Prints what lies in ``$HOME/answer``, and ends with the code in ``$HOME/code``; of a failure it is the complaints.
PROGRAM = """#!/bin/sh
read -r code < "$HOME/code"
if [ "$code" = 0 ]; then exec cat "$HOME/answer"; fi
cat "$HOME/answer" >&2
exit "$code"
"""
PROGRAMS = ("aws", "az", "docker", "gcloud", "gh", "git", "docker-credential-odd")
HIDDEN = Secret("a-password-of-mine")


@pytest.fixture
def printing(tmp_path, monkeypatch):
    """``printing(code, output)``: what each of the programs does from now on."""
    for name in PROGRAMS:
        (tmp_path / name).write_text(PROGRAM)
        (tmp_path / name).chmod(0o755)
    for name in ("GH_TOKEN", "GITHUB_TOKEN", "GITHUB_ACTOR", "GOOGLE_APPLICATION_CREDENTIALS", "AZURE_CLIENT_ID"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))
    monkeypatch.setenv("NO_GCE_CHECK", "true")
    monkeypatch.setenv("GCE_METADATA_HOST", "127.0.0.1:9")
    monkeypatch.setenv("CLOUDSDK_CONFIG", str(tmp_path))
    monkeypatch.setattr(ecr, "find_spec", lambda name: None)

    def printing(code, output):
        (tmp_path / "code").write_text(f"{code}\n")
        (tmp_path / "answer").write_bytes(output)

    return printing


def test_every_output_is_understood_or_refused(printing, tmp_path):
    def act(case):
        what, _, code = case.what.partition(" ")
        printing(code or "0", literal(case.input))
        return READERS[what](literal(case.input), tmp_path)

    check("outputs.txt", 200, act)


def helper(_, folder):
    (folder / "config.json").write_text('{"credHelpers": {"r.example": "odd"}}')
    return login(asyncio.run(credentials.from_docker("r.example", found_by(folder))))


def config(output, folder):
    (folder / "config.json").write_bytes(output)
    return login(asyncio.run(credentials.from_docker("r.example", found_by(folder))))


def found_by(folder):
    return {"PATH": f"{folder}:/usr/bin:/bin", "HOME": str(folder), "DOCKER_CONFIG": str(folder)}


def login(found):
    """Who it is, and that a header can be made of it."""
    if found is None:
        return "nobody"
    assert found.basic().isascii()
    assert found.password.reveal() not in f"{found!r}"
    return f"{found.username}/{found.password.reveal()} refresh={found.is_refresh_token}"


def aws(*_):
    return "{}/{}".format(*ecr.login(Place("us-east-1", "123456789012")))


def gcloud(*_):
    return "{}/{}".format(*artifact_registry.login())


def az(*_):
    return "{}/{}".format(*acr.login("https://acme.azurecr.io"))


def gh(*_):
    found = github._login()
    return "{}/{}".format(*found) if found else "nobody"


def git(_, folder):
    return f"{clean_commit(folder)}"


def engine(*_):
    found = asyncio.run(finding._asked("docker", dict(os.environ), secrets=False, idle={}))
    return f"says {found}" if isinstance(found, str) else "an engine"


def prints(output, _):
    """The lines that are shown of it, fed in pieces that divide signs and sequences."""
    shown, read = [], Output([HIDDEN])
    for start in range(0, len(output), 65537):
        shown += read.feed(output[start : start + 65537])
    shown += read.feed(b"", last=True)
    assert all(line.isprintable() for line in shown)
    assert HIDDEN.reveal() not in "".join(shown)
    return f"{len(shown)} lines: {'|'.join(shown)}."


def push(output, _):
    raise ending("push r.example/a:1", output)


def build(output, _):
    raise ending("build the image", output)


def ending(doing, output):
    read = Output([HIDDEN])
    read.feed(output, last=True)
    error = refusals.failure("docker", doing, 1, read.tail)
    assert isinstance(error, ChamberError)
    assert HIDDEN.reveal() not in str(error)
    assert len(str(error)) < 80_000
    return error


READERS = {
    reader.__name__: reader for reader in (helper, config, aws, gcloud, az, gh, git, engine, prints, push, build)
}
