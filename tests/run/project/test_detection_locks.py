import shutil
import subprocess
from pathlib import Path

import pytest

from chamber.core.errors import ConfigurationError
from chamber.run.project.detection import Dependencies, read_dependencies
from chamber.run.project.detection.environments import MACHINES, PYTHONS, Environment, applies, environments, marker_of

LOCKS = Path(__file__).parent / "locks"
RUNTIME = {"anyio", "certifi", "h11", "httpcore", "httpx", "idna", "socksio", "tqdm", "typing-extensions"}
OLD_PYTHON = {"exceptiongroup", "tomli"}


def _locked(folder: Path, dependencies: str | None = None) -> Dependencies:
    return read_dependencies(folder, {path.name for path in folder.iterdir()}, dependencies)


def _text(needs: Dependencies) -> str:
    return needs.files[needs.requirements_file or ""].decode()


def _lines(needs: Dependencies) -> list[str]:
    return [line.removesuffix(" \\") for line in _text(needs).splitlines() if "--hash" not in line][1:]


def _write(directory: Path, **files: str) -> Path:
    for name, text in files.items():
        (directory / name).write_text(text)
    return directory


@pytest.mark.parametrize(
    ("tool", "names"),
    [
        ("uv", RUNTIME | OLD_PYTHON | {"click"}),
        ("poetry2", RUNTIME | OLD_PYTHON | {"click"}),
        ("poetry1", RUNTIME | OLD_PYTHON | {"click"}),
        ("pdm", RUNTIME | OLD_PYTHON | {"click"}),
        ("pdm_plain", RUNTIME | OLD_PYTHON | {"click"}),
        ("pipenv", RUNTIME | {"click"}),
        ("pip", RUNTIME),
        ("pylock", RUNTIME | OLD_PYTHON | {"click", "attrs"}),
    ],
)
def test_a_lock_becomes_its_pins_for_linux(tool: str, names: set[str]) -> None:
    needs = _locked(LOCKS / tool)
    assert needs.locked
    assert needs.requirements_file == "requirements.locked.txt"
    assert needs.names == names
    assert {line.partition("==")[0] for line in _lines(needs)} == names
    assert all("==" in line for line in _lines(needs))
    assert {line.partition(" ; ")[2] for line in _lines(needs) if line.startswith("tomli")} <= {
        "python_version <= '3.10'"
    }
    assert _text(needs).count("--hash=sha256:") >= len(names)
    assert needs.versions["httpx"] == "==0.28.1"
    assert "httpx" in needs.direct
    assert "anyio" not in needs.direct
    assert needs.warnings == ()
    assert needs.whole is None


@pytest.mark.parametrize("tool", ["uv", "poetry2", "poetry1"])
def test_an_extra_of_a_lock_is_installed_when_it_is_asked_for(tool: str) -> None:
    lock = "uv.lock" if tool == "uv" else "poetry.lock"
    assert "plots" in _locked(LOCKS / tool).optional
    assert "cycler" in _locked(LOCKS / tool, f"{lock}[plots]").names


@pytest.mark.parametrize("tool", ["uv", "poetry2", "pdm", "pipenv", "pylock"])
def test_uv_installs_what_a_lock_becomes(tool: str, tmp_path: Path) -> None:
    needs = _locked(LOCKS / tool)
    file = tmp_path / "requirements.locked.txt"
    file.write_text(_text(needs))
    command = ["uv", "pip", "install", "--dry-run", "--no-deps", "--require-hashes", "--no-config", "--target"]
    done = subprocess.run([*command, tmp_path / "t", "-r", file], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "httpx==0.28.1" in done.stderr
    assert "pytest" not in done.stderr


def test_the_lock_of_the_tool_that_pyproject_names_is_taken(tmp_path: Path) -> None:
    shutil.copytree(LOCKS / "poetry2", tmp_path, dirs_exist_ok=True)
    shutil.copy(LOCKS / "uv/uv.lock", tmp_path)
    (tmp_path / "requirements.txt").write_text("six\n")
    needs = _locked(tmp_path)
    assert needs.sources[0] == "poetry.lock"
    assert needs.why == "poetry.lock is the lock file of poetry, which pyproject.toml names"
    assert _locked(tmp_path, "requirements.txt").names == {"six"}


def test_a_stale_lock_is_told_and_what_it_lacks_is_installed_beside_it(tmp_path: Path) -> None:
    shutil.copytree(LOCKS / "uv", tmp_path, dirs_exist_ok=True)
    text = (tmp_path / "pyproject.toml").read_text().replace('"click"', '"click>=99", "torch>=2"')
    needs = _locked(_write(tmp_path, **{"pyproject.toml": text}))
    assert needs.requirements == ("torch>=2",)
    assert {"torch", "click"} <= needs.names
    assert needs.warnings == (
        "uv.lock is stale: pyproject.toml lists torch, which it lacks and which is installed beside it",
        "uv.lock is stale: pyproject.toml asks for click>=99, and it has 8.5.1",
    )


UV = """
version = 1
requires-python = ">=3.11"
[[package]]
name = "demo"
source = { virtual = "." }
dependencies = [
    { name = "torch", version = "2.9.0", marker = "platform_machine == 'aarch64'" },
    { name = "torch", version = "2.9.0+cu128", marker = "platform_machine == 'x86_64'" },
    { name = "flash", extra = ["all"] },
    { name = "wheel-only" },
]
[[package]]
name = "torch"
version = "2.9.0"
source = { registry = "https://pypi.org/simple" }
[[package]]
name = "torch"
version = "2.9.0+cu128"
source = { registry = "https://w.example/cu128" }
[[package]]
name = "flash"
version = "1"
source = { git = "https://x.example/flash?subdirectory=py&rev=main#0123abc" }
[package.optional-dependencies]
all = [{ name = "extra-one" }]
[[package]]
name = "extra-one"
version = "1.0"
source = { registry = "https://me:secret@w.example/cu128" }
[[package]]
name = "wheel-only"
version = "3"
source = { url = "https://x.example/w-3-py3-none-any.whl" }
wheels = [{ url = "https://x.example/w-3-py3-none-any.whl", hash = "sha256:abc" }]
[[package]]
name = "unreached"
version = "1"
source = { registry = "https://pypi.org/simple" }
"""


def test_indexes_sources_and_platforms_of_a_lock_are_kept(tmp_path: Path) -> None:
    needs = _locked(_write(tmp_path, **{"uv.lock": UV}))
    assert _text(needs).splitlines() == [
        "# What uv.lock holds for Linux.",
        "--extra-index-url https://w.example/cu128",
        "extra-one==1.0",
        "flash @ git+https://x.example/flash@0123abc#subdirectory=py",
        "torch==2.9.0 ; platform_machine == 'aarch64'",
        "torch==2.9.0+cu128 ; platform_machine == 'x86_64'",
        "wheel-only @ https://x.example/w-3-py3-none-any.whl \\",
        "    --hash=sha256:abc",
    ]
    assert needs.direct == {"torch", "flash", "wheel-only"}
    assert needs.requires_python == ">=3.11"


def test_a_member_of_the_workspace_has_the_project_built_whole(tmp_path: Path) -> None:
    text = UV.replace('{ url = "https://x.example/w-3-py3-none-any.whl" }\n', '{ editable = "libs/w" }\n')
    (tmp_path / "libs/w").mkdir(parents=True)
    _write(tmp_path, **{"uv.lock": text, "libs/w/x.py": ""})
    needs = read_dependencies(tmp_path, {"uv.lock", "libs/w/x.py"})
    assert needs.whole == "it installs a part of itself: libs/w (uv.lock)"
    assert "-e ./libs/w" in _text(needs)
    with pytest.raises(ConfigurationError, match=r"uv\.lock: wheel-only: \.\./w is on this machine"):
        _locked(_write(tmp_path, **{"uv.lock": text.replace("libs/w", "../w")}))


@pytest.mark.parametrize(
    ("file", "text", "words"),
    [
        ("uv.lock", "version = 2", "version 2, and 1 is the one"),
        ("uv.lock", "version = '1'", r"Expected `int`, got `str`"),
        ("uv.lock", UV.replace('"3"', '"three"'), ""),
        ("uv.lock", UV.replace('"1.0"', '"one"'), "'one', which is none"),
        ("uv.lock", UV.replace("platform_machine == 'x86_64'", "x"), "not a marker"),
        ("uv.lock", UV.replace("sha256:abc", "sha256:abc --index-url"), "is not a hash"),
        (
            "uv.lock",
            UV.replace("https://w.example/cu128", "https://w.example/ --pre"),
            "not the URL of a package index",
        ),
        ("uv.lock", UV.replace("https://x.example/flash", "https://a:b@x.example/flash"), "password in a URL"),
        ("poetry.lock", "[metadata]\nlock-version = '3.0'", "1 and 2 are known"),
        ("poetry.lock", "", "missing required field `metadata`"),
        ("pdm.lock", "[metadata]\nlock_version = '3'", "pdm lock writes it anew"),
        ("pylock.toml", "lock-version = '2'\ncreated-by = 'x'\npackages = []", "1 is the one"),
        ("Pipfile.lock", "{", "line 1"),
        ("Pipfile.lock", '{"_meta": {}, "default": {"six": {"version": ">=1"}}}', "not a version that is locked"),
    ],
)
def test_a_lock_that_cannot_be_is_refused(tmp_path: Path, file: str, text: str, words: str) -> None:
    if not words:
        assert _locked(_write(tmp_path, **{file: text})).locked
        return
    with pytest.raises(ConfigurationError, match=words) as refused:
        _locked(_write(tmp_path, **{file: text}))
    assert "a:b" not in str(refused.value)


def test_what_pipenv_did_not_lock_is_resolved_in_the_build(tmp_path: Path) -> None:
    text = '{"_meta": {}, "default": {"six": {"version": "*"}, "tqdm": {"version": "==4.0"}}}'
    needs = _locked(_write(tmp_path, **{"Pipfile.lock": text}))
    assert needs.requirements == ("six",)
    assert _lines(needs) == ["tqdm==4.0"]


def test_a_marker_is_true_exactly_where_it_was_asked_for() -> None:
    every = environments(">=3.9")
    for mask in range(0, 1 << len(every), 37):
        chosen = [environment for bit, environment in enumerate(every) if mask >> bit & 1]
        marker = marker_of(chosen, every)
        true = [environment for environment in every if applies(marker, environment)]
        assert true == chosen or not chosen


def test_pythons_that_are_not_accepted_do_not_count() -> None:
    assert {environment.python for environment in environments(">=3.12,<3.14")} == {"3.12", "3.13"}
    assert len(environments("none")) == len(PYTHONS) * len(MACHINES)
    assert applies("python_full_version >= '3.12.1'", Environment("3.12"))
