"""What IPython adds to Python, as Python: magics (``%``, ``%%``), commands of the shell (``!``), and help (``?``)."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from chamber.core.errors import ConfigurationError
from chamber.run.project.detection.formats import from_python
from chamber.run.project.detection.needs import Need, need

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Translation"]

#: Magics that change how a notebook looks or is edited, and nothing of what it computes.
_SHOWING = {
    "alias",
    "autoreload",
    "autosave",
    "colors",
    "config",
    "load_ext",
    "matplotlib",
    "pdb",
    "precision",
    "pprint",
    "reload_ext",
    "tensorboard",
    "unload_ext",
    "watermark",
    "who",
    "whos",
    "xmode",
}
#: Cells that only show something.
_SHOWN_CELLS = {"html", "javascript", "js", "latex", "markdown", "svg"}
#: Cells that are run as they are, measured or muted.
_PLAIN_CELLS = {"capture", "time", "timeit"}
_SHELLS = {"bash": "bash", "sh": "sh"}
_INSTALLERS = ("pip", "pip3", "apt", "apt-get")
_PIP_VALUES = {"-i", "--index-url", "--extra-index-url", "-f", "--find-links", "-t", "--target"}


class Translation:
    """Translates the cells of one notebook, and remembers what they ask for beside."""

    def __init__(self, notebook: str) -> None:
        self._notebook = notebook
        self.needs: list[Need] = []
        self.apt_packages: list[str] = []
        self.warnings: list[str] = []
        #: Names that commands of the shell use, and where.
        self.shell_names: dict[str, str] = {}

    def cell(self, source: str, number: int) -> str:
        """A cell as Python. Raises ConfigurationError: it does what a program cannot, or is not Python."""
        where = f"{self._notebook}, cell {number}"
        first, _, rest = source.lstrip("\n").partition("\n")
        if first.startswith("%%"):
            return self._cell_magic(first[2:].strip(), rest, where, number)
        lines = source.replace("\r\n", "\n").split("\n")
        for _ in range(len(lines) + 1):
            wrong = _error_of("\n".join(lines), where)
            if wrong is None:
                return "\n".join(lines)
            self._translate_one(lines, wrong, where)
        raise ConfigurationError(f"{where}: this is not Python")

    def _cell_magic(self, magic: str, body: str, where: str, number: int) -> str:
        name, _, arguments = magic.partition(" ")
        if name in _PLAIN_CELLS:
            self._tell(f"{where}: %%{name} is dropped, and the cell is run once")
            return self.cell(body, number)
        if name in _SHOWN_CELLS:
            self._tell(f"{where}: the cell is dropped, because %%{name} only shows something")
            return ""
        if name in _SHELLS and not arguments.strip():
            return f"__import__('subprocess').run([{_SHELLS[name]!r}, '-c', {body!r}], check=True)"
        if name in {"writefile", "file"}:
            return self._write_file(arguments, body, where)
        raise ConfigurationError(f"{where}: %%{name} has no like in a program: write the cell in Python")

    def _write_file(self, arguments: str, body: str, where: str) -> str:
        words = _words(arguments, where)
        mode = "a" if words[:1] in (["-a"], ["--append"]) else "w"
        if len(words) != (2 if mode == "a" else 1):
            raise ConfigurationError(f"{where}: %%writefile must name one file")
        return f"with open({words[-1]!r}, {mode!r}, encoding='utf-8') as _file:\n    _file.write({body!r})"

    def _translate_one(self, lines: list[str], wrong: tuple[int, str], where: str) -> None:
        """Translate the line where Python found the first fault, or the first one that only IPython knows."""
        number, message = wrong
        marked = [n for n, line in enumerate(lines) if _is_marked(line)]
        at = number - 1 if number - 1 in marked else next(iter(marked), None)
        if at is None:
            raise ConfigurationError(f"{where}, line {number}: this is not Python: {message}")
        end = at
        while lines[end].endswith("\\") and end + 1 < len(lines):
            end += 1
        command = "".join(line.removesuffix("\\") for line in lines[at : end + 1])
        lines[at : end + 1] = [self._line(command, f"{where}, line {at + 1}"), *[""] * (end - at)]

    def _line(self, line: str, where: str) -> str:
        text = line.strip()
        indent = line[: len(line) - len(line.lstrip())]
        target, assigned = _assignment(text)
        if target is not None:
            return f"{indent}{target} = {self._captured(assigned, where)}"
        if text.startswith("!"):
            return indent + self._shell(text.lstrip("!"), where)
        if text.startswith("%"):
            return indent + self._magic(text.lstrip("%"), where)
        return f"{indent}pass"

    def _captured(self, text: str, where: str) -> str:
        if not text.startswith("!"):
            raise ConfigurationError(f"{where}: {text} has no like in a program: write it in Python")
        command = self._checked(text[1:], where)
        run = "__import__('subprocess').run"
        return f"{run}({command!r}, shell=True, capture_output=True, text=True).stdout.splitlines()"

    def _magic(self, text: str, where: str) -> str:
        name, _, rest = text.partition(" ")
        rest = rest.strip()
        if name in _SHOWING:
            self._tell(f"{where}: %{name} is dropped")
            return "pass"
        if name in {"time", "prun"} and rest:
            return rest
        if name == "timeit":
            self._tell(f"{where}: %timeit is dropped")
            return "pass"
        known: dict[str, Callable[[str, str], str]] = {
            "pip": lambda given, at: self._shell(f"pip {given}", at),
            "env": self._environment,
            "set_env": self._environment,
            "cd": lambda given, at: f"__import__('os').chdir({' '.join(_words(given, at)) or '.'!r})",
        }
        if name in known:
            return known[name](rest, where)
        raise ConfigurationError(f"{where}: %{name} has no like in a program: write it in Python")

    def _environment(self, given: str, where: str) -> str:
        name, _, value = given.partition("=") if "=" in given else given.partition(" ")
        if not name.strip().isidentifier():
            raise ConfigurationError(f"{where}: %env must name a variable and its value")
        value = self._checked(value.strip(), where)
        return f"__import__('os').environ[{name.strip()!r}] = {value!r}"

    def _shell(self, command: str, where: str) -> str:
        parts = command.split("&&")
        if len(parts) > 1 and all(_program(part)[0] in _INSTALLERS for part in parts):
            for part in parts:
                self._command(part, where)
            return "pass"
        return self._command(command, where)

    def _command(self, command: str, where: str) -> str:
        words = _program(command)
        if words[:2] in (["pip", "install"], ["pip3", "install"]):
            return self._pip(_words(command, where), where)
        if words[:1] in (["apt-get"], ["apt"]):
            return self._apt(words[1:], where)
        if words[:2] in (["pip", "uninstall"], ["pip", "list"], ["pip", "show"], ["pip", "freeze"]):
            self._tell(f"{where}: {command.strip()} is dropped")
            return "pass"
        return f"__import__('subprocess').run({self._checked(command.strip(), where)!r}, shell=True)"

    def _pip(self, words: list[str], where: str) -> str:
        given = iter(words[words.index("install") + 1 :])
        for word in given:
            if word in _PIP_VALUES:
                self._tell(f"{where}: {word} {next(given, '')} is left out: list it in a requirements file")
            elif word in {"-r", "--requirement", "-e", "--editable"} or word.startswith((".", "/")):
                raise ConfigurationError(
                    f"{where}: pip install {word} cannot be done before the job: name the file with dependencies=, "
                    "and take the line out"
                )
            elif not word.startswith("-"):
                self.needs.append(self._need(word, where))
        return "pass"

    def _need(self, word: str, where: str) -> Need:
        if "://" not in word or " @ " in word:
            one = need(word, where)
            self._tell(f"{where}: {word} is installed in the image, because the cell installs it")
            return one
        raise ConfigurationError(f"{where}: list {word} in requirements.txt as 'name @ {word}'")

    def _apt(self, words: list[str], where: str) -> str:
        packages = [word for word in words[1:] if not word.startswith("-")]
        if words[:1] == ["install"]:
            self.apt_packages.extend(packages)
            self._tell(f"{where}: {', '.join(packages)} is installed in the image, because the cell installs it")
        return "pass"

    def _checked(self, command: str, where: str) -> str:
        """A command in which IPython would put no value of Python."""
        if "{" in command and "${" not in command:
            raise ConfigurationError(f"{where}: a value of Python is put into a command: use subprocess.run instead")
        for part in command.split("$")[1:]:
            name = "".join(_leading(part.lstrip("{")))
            if name:
                self.shell_names.setdefault(name, where)
        return command

    def _tell(self, warning: str) -> None:
        self.warnings.append(warning)


def _program(command: str) -> list[str]:
    """The words of a command from its program on."""
    words = command.split()
    words = words[1:] if words[:1] == ["sudo"] else words
    return (words[2:] if words[1:3] == ["-m", "pip"] else words) or [""]


def _leading(text: str) -> str:
    end = next((n for n, character in enumerate(text) if not (character.isalnum() or character == "_")), len(text))
    return text[:end]


def _error_of(source: str, where: str) -> tuple[int, str] | None:
    """Line and message of the first fault of a cell; None where it is Python."""
    try:
        from_python(source, where)
    except ConfigurationError as error:
        text = str(error).removeprefix(where).removeprefix(", line ")
        line, _, message = text.partition(": ")
        return (int(line) if line.isdigit() else 0), message.removeprefix("this is not Python 3: ")
    return None


def _is_marked(line: str) -> bool:
    text = line.strip()
    return (
        text.startswith(("%", "!", "?"))
        or (text.endswith("?") and not text.startswith("#"))
        or bool(_assignment(text)[0])
    )


def _assignment(text: str) -> tuple[str | None, str]:
    """Target and command of ``name = !command`` and ``name = %magic``."""
    target, equals, value = text.partition("=")
    value = value.strip()
    names = [name.strip() for name in target.split(",")]
    if equals and value.startswith(("!", "%")) and not value.startswith("!=") and all(n.isidentifier() for n in names):
        return target.strip(), value
    return None, ""


def _words(text: str, where: str) -> list[str]:
    try:
        return shlex.split(text)
    except ValueError as error:
        raise ConfigurationError(f"{where}: {error}") from None
