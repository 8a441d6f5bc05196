"""Runs the blocks of a page, in order, in a folder of their own, against a Chamber of their own."""

import contextlib
import doctest
import io
import os
import re
import shlex
import subprocess
import sys
import tomllib
import zipfile
from importlib.metadata import entry_points

import msgspec
import yaml
from packaging.requirements import Requirement
from pages import ROOT, blocks

from chamber.core.clock import Clock
from chamber.local import __main__ as local

SCRIPTS = tomllib.loads((ROOT / "hatch.toml").read_text("utf-8"))["envs"]["default"]["scripts"]
#: Programs of others that documents name, and that cannot be used here: they need an account or a cluster.
OTHERS = {"aws", "az", "docker", "gcloud", "gh", "kubectl", "podman"}
_CHECKER = doctest.OutputChecker()


class Impatient(Clock):
    """Documents wait for seconds; a test looks again at once."""

    async def sleep(self, seconds: float) -> None:
        """Wait for no longer than a moment."""
        await super().sleep(min(seconds, 0.02))


class Page:
    """What the blocks of one page have in common: a folder and the names that they defined."""

    def __init__(self, folder, words):
        self.folder, self.words = folder, words
        self.names = {"__name__": "__main__"}
        self.printed = ""

    def run(self, page):
        """Run every block, each by its language."""
        for block in blocks(page):
            try:
                getattr(self, f"_{block.language}")(block)
            except Exception as error:
                error.add_note(f"in {block}")
                raise

    def _python(self, block):
        if self._is_file(block):
            compile(block.code, block.title, "exec")
            return
        code = block.code
        for word, meaning in self.words.items():
            code = code.replace(word, meaning)
        with contextlib.redirect_stdout(io.StringIO()) as printed:
            exec(compile(code, str(block), "exec"), self.names)
        self.printed = printed.getvalue()

    def _text(self, block):
        """What the block before it prints, where ``...`` stands for anything; other texts are drawings."""
        if self.printed:
            options = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
            assert _CHECKER.check_output(block.code, self.printed, options), self.printed
        self.printed = ""

    def _yaml(self, block):
        self._is_file(block)
        assert list(yaml.safe_load_all(block.code))

    def _toml(self, block):
        self._is_file(block)
        assert tomllib.loads(block.code)

    def _json(self, block):
        self._is_file(block)
        msgspec.json.decode(block.code)

    def _dockerfile(self, block):
        self._is_file(block)
        assert block.code.startswith("FROM ")

    def _console(self, block):
        lines = block.code.replace("\\\n", "").splitlines()
        prompted = [line.removeprefix("$ ") for line in lines if line.startswith("$ ")]
        for line in prompted or lines:
            for command in line.split(" && "):
                self._command(shlex.split(command, comments=True))

    def _is_file(self, block):
        if block.title is None:
            return False
        file = self.folder / block.title
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(block.code, "utf-8")
        return True

    def _command(self, words):
        if words:
            program, *arguments = words
            known = getattr(self, f"_{program}_command", None)
            assert known or program in OTHERS, f"{program} is not known here"
            if known:
                known(arguments)

    def _pip_command(self, arguments):
        assert arguments[0] in {"install", "uninstall"}
        if arguments[1:] == ["."]:
            _check_wheel(self.folder)
        else:
            _check_installable(arguments[1:])

    def _hatch_command(self, arguments):
        match arguments:
            case ["run", "python", program, *_]:
                assert (ROOT / program).is_file(), program
            case ["run", script, *_]:
                assert script in SCRIPTS, script
            case _:
                raise AssertionError(arguments)

    def _export_command(self, arguments):
        assert [variable for variable in arguments if "=" not in variable] == []

    def _python_command(self, arguments):
        if arguments[:2] == ["-m", "chamber.local"]:
            assert local._parser().parse_args(arguments[2:])
        else:
            self.printed = self._start(*arguments)

    def _pytest_command(self, arguments):
        self.printed = self._start("-m", "pytest", "-p", "chamber.local.pytest_plugin", *arguments)

    def _chamber_command(self, _arguments):
        assert "chamber" in entry_points(group="console_scripts").names

    def _start(self, *arguments):
        done = subprocess.run(
            [sys.executable, *arguments],
            cwd=self.folder,
            env={**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout


def _check_wheel(project):
    """That a wheel can be built, which holds what its entry points name."""
    command = [sys.executable, "-m", "uv", "build", "--quiet", "--wheel", "--out-dir", "dist"]
    subprocess.run(command, cwd=project, check=True, timeout=120)
    (wheel,) = project.glob("dist/*.whl")
    named = tomllib.loads((project / "pyproject.toml").read_text("utf-8"))["project"]["entry-points"]["chamber"]
    held = zipfile.ZipFile(wheel).namelist()
    assert [module for module in named.values() if f"{module.replace('.', '/')}.py" not in held] == []


def _check_installable(wanted):
    """That what is to be installed is ours, with an extra that it has, or something that tests have."""
    for word in wanted:
        if word.startswith("-"):
            continue
        if word.startswith("./"):
            assert (ROOT / word / "pyproject.toml").is_file(), word
            continue
        asked = Requirement(word)
        member = ROOT / "packages" / asked.name / "pyproject.toml"
        if member.is_file():
            told = tomllib.loads(member.read_text("utf-8"))["project"]
            assert asked.extras <= set(told.get("optional-dependencies", {})), word
        else:
            assert re.fullmatch(r"hatch|pytest|jupyterlab|chamber-acme|chamber-sdk", asked.name), word
