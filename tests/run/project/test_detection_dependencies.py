from pathlib import Path

import pytest

from chamber.core.errors import ConfigurationError
from chamber.run.project.detection import Dependencies, read_dependencies
from chamber.run.project.detection.poetry import dependencies as poetry_dependencies


def _read(directory: Path, **files: str) -> Dependencies:
    for name, text in files.items():
        (directory / name).parent.mkdir(parents=True, exist_ok=True)
        (directory / name).write_text(text)
    return read_dependencies(directory, set(files))


def test_a_requirements_file_is_installed_with_all_that_it_includes(tmp_path: Path) -> None:
    needs = _read(
        tmp_path,
        **{
            "requirements.txt": "-r reqs/base.txt\n--constraint=reqs/pins.txt\ntorch==2.9\n",
            "reqs/base.txt": "-rmore.txt\nNumPy\n",
            "reqs/more.txt": "-r ../requirements.txt\nray[train]>=2\n",
            "reqs/pins.txt": "scipy==1.16\n",
        },
    )
    assert needs.requirements_file == "requirements.txt"
    assert set(needs.files) == {"requirements.txt", "reqs/base.txt", "reqs/more.txt", "reqs/pins.txt"}
    assert needs.names == {"torch", "numpy", "ray"}


def test_a_requirements_file_is_read_as_pip_reads_it(tmp_path: Path) -> None:
    text = """\
\ufeff# a comment
torch >= 2.1 \\
    , < 3  # why
six==1.17.0 --hash=sha256:aaaa \\
    --hash=sha256:bbbb
pywin32 ; sys_platform == "win32"
--extra-index-url https://download.pytorch.org/whl/cpu
git+https://github.com/a/b@main#egg=Flash_Attn
name#notacomment @ https://x.example/y.whl
"""
    needs = _read(tmp_path, **{"requirements.txt": text.replace("name#notacomment", "yy")})
    assert needs.names == {"torch", "six", "flash-attn", "yy"}


@pytest.mark.parametrize("text", ["", "# nothing\n", "--pre\n"])
def test_a_file_that_requires_nothing_is_no_environment(tmp_path: Path, text: str) -> None:
    needs = _read(tmp_path, **{"requirements.txt": text})
    assert needs.requirements_file is None
    assert needs.files == {}


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("torch==", "is not a requirement"),
        ("a b", "is not a requirement"),
        ("-r missing.txt", "missing.txt cannot be read"),
        ("-r ../outside.txt", "outside the project"),
        ("-r /etc/passwd", "outside the project"),
        ("-e .", "on this machine"),
        ("./wheels/x.whl", "on this machine"),
        ("x @ file:///tmp/x.whl", "on this machine"),
        ("x.whl", "on this machine"),
        ("--index-url https://me:pw@x.example/simple", "password in a URL"),
        ("-r 'open", "No closing quotation"),
    ],
)
def test_a_line_that_cannot_be_is_refused_with_file_and_line(tmp_path: Path, line: str, words: str) -> None:
    with pytest.raises(ConfigurationError) as refused:
        _read(tmp_path, **{"requirements.txt": f"six\n{line}\n"})
    assert str(refused.value).startswith("requirements.txt, line 2: ")
    assert words in str(refused.value)
    assert "pw" not in str(refused.value)


def test_an_include_through_a_link_out_of_the_project_is_refused(tmp_path: Path) -> None:
    project = tmp_path / "project"
    project.mkdir()
    (tmp_path / "outside.txt").write_text("six")
    (project / "inside.txt").symlink_to(tmp_path / "outside.txt")
    with pytest.raises(ConfigurationError, match="outside the project"):
        _read(project, **{"requirements.txt": "-r inside.txt"})


def test_a_file_that_is_no_text_is_refused(tmp_path: Path) -> None:
    (tmp_path / "requirements.txt").write_bytes(b"\xff\xfe")
    with pytest.raises(ConfigurationError, match="not UTF-8"):
        read_dependencies(tmp_path, {"requirements.txt"})


def test_the_dependencies_of_a_pyproject_are_listed(tmp_path: Path) -> None:
    text = """
[project]
name = "p"
requires-python = ">=3.11"
dependencies = ["Jax>=0.4", "tomli ; python_version < '3'"]
"""
    needs = _read(tmp_path, **{"pyproject.toml": text})
    assert needs.requirements == ("Jax>=0.4", "tomli ; python_version < '3'")
    assert needs.names == {"jax"}
    assert needs.requires_python == ">=3.11"
    assert needs.files == {}
    assert needs.sources == ("pyproject.toml",)


def test_an_author_called_ray_is_not_ray(tmp_path: Path) -> None:
    text = '[project]\nname = "p"\nauthors = [{name = "ray"}]\ndescription = "no torch"\ndependencies = []\n'
    assert _read(tmp_path, **{"pyproject.toml": text}).names == frozenset()


def test_a_pyproject_of_tools_alone_needs_nothing(tmp_path: Path) -> None:
    needs = _read(tmp_path, **{"pyproject.toml": "[tool.ruff]\nline-length = 100\n"})
    assert needs == Dependencies()


def test_a_requirements_file_is_preferred_and_what_it_lacks_is_told(tmp_path: Path) -> None:
    needs = _read(
        tmp_path, **{"requirements.txt": "six", "pyproject.toml": '[project]\ndependencies = ["six", "torch"]'}
    )
    assert needs.names == {"six"}
    assert needs.warnings == (
        "pyproject.toml depends on torch, which requirements.txt does not list: requirements.txt is installed",
    )


@pytest.mark.parametrize(
    "text",
    [
        "[project",
        "project = 1",
        '[project]\ndependencies = "six"',
        '[project]\ndependencies = ["six =="]',
        '[project]\ndependencies = ["six @ file:///x"]',
        "[project]\nrequires-python = 3",
        "[tool.poetry]\ndependencies = []",
        '[tool.poetry.dependencies]\nsix = {path = "../six"}',
        '[tool.poetry.dependencies]\nsix = "^one"',
    ],
)
def test_a_pyproject_that_cannot_be_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(ConfigurationError, match=r"pyproject\.toml"):
        _read(tmp_path, **{"pyproject.toml": text})


@pytest.mark.parametrize(
    ("constraint", "requirement"),
    [
        ("*", "x"),
        ("^1.2.3", "x>=1.2.3,<2"),
        ("^0.2.3", "x>=0.2.3,<0.3"),
        ("^0.0.3", "x>=0.0.3,<0.0.4"),
        ("^0", "x>=0,<1"),
        ("~1.2.3", "x>=1.2.3,<1.3"),
        ("~1", "x>=1,<2"),
        ("~=1.4", "x~=1.4"),
        ("1.2.*", "x==1.2.*"),
        ("1.2.3", "x==1.2.3"),
        ("=1.2", "x==1.2"),
        (">=1,<3", "x>=1,<3"),
        ("!=1.5", "x!=1.5"),
        ({"version": "^2", "extras": ["a", "b"]}, "x[a,b]>=2,<3"),
        ({"git": "https://x.example/y", "rev": "abc"}, "x @ git+https://x.example/y@abc"),
        ({"url": "https://x.example/y.whl"}, "x @ https://x.example/y.whl"),
        ({"version": "*", "markers": "sys_platform == 'linux'"}, "x ; sys_platform == 'linux'"),
    ],
)
def test_poetrys_constraints_become_requirements(constraint: object, requirement: str) -> None:
    assert poetry_dependencies({"x": constraint}, "pyproject.toml") == ([requirement], None)


def test_poetrys_python_and_optional_dependencies_are_not_installed() -> None:
    table = {"python": "^3.11", "a": "*", "b": {"version": "*", "optional": True}}
    assert poetry_dependencies(table, "pyproject.toml") == (["a"], ">=3.11,<4")
