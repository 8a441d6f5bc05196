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


def test_a_line_that_names_the_project_itself_stands_for_what_it_needs(tmp_path: Path) -> None:
    pyproject = """
[project]
name = "p"
dependencies = ["torch>=2"]
[project.optional-dependencies]
all = ["p[eval]", "wandb"]
eval = ["scikit-learn"]
"""
    needs = _read(tmp_path, **{"requirements.txt": "six\n-e .[all]  # us\n", "pyproject.toml": pyproject})
    assert needs.names == {"six", "torch", "wandb", "scikit-learn"}
    assert needs.files == {"requirements.txt": b"six\n# -e .[all]  # us\n"}
    assert set(needs.requirements) == {"torch>=2", "wandb", "scikit-learn"}
    assert needs.whole is None


@pytest.mark.parametrize("line", ["-e ./libs/x", "libs/x/x-1.whl", "x @ file:libs/x", "--find-links libs"])
def test_a_folder_of_the_project_that_is_installed_has_it_built_whole(tmp_path: Path, line: str) -> None:
    files = {"requirements.txt": f"six\n{line}\n", "libs/x/setup.py": "", "libs/x/x-1.whl": ""}
    assert "requirements.txt, line 2" in (_read(tmp_path, **files).whole or "")


def test_constraints_limit_versions_and_ask_for_nothing(tmp_path: Path) -> None:
    needs = _read(tmp_path, **{"requirements.txt": "-c pins.txt\ntorch>=2\n", "pins.txt": "torch==2.9\nscipy==1\n"})
    assert needs.versions == {"torch": ">=2,==2.9"}
    assert needs.places == {"torch": "requirements.txt, line 2"}


@pytest.mark.parametrize(
    ("files", "chosen"),
    [
        (
            {"requirements/base.txt": "six", "requirements/train.txt": "-r base.txt", "requirements/dev.txt": "x"},
            "train",
        ),
        ({"requirements-gpu.txt": "six", "requirements-cpu.txt": "x", "requirements-dev.txt": "y"}, "requirements-gpu"),
        ({"requirements_train.txt": "six"}, "requirements_train"),
    ],
)
def test_the_requirements_file_for_jobs_is_chosen(tmp_path: Path, files: dict[str, str], chosen: str) -> None:
    (tmp_path / "requirements").mkdir()
    needs = _read(tmp_path, **files)
    assert (needs.requirements_file or "").endswith(f"{chosen}.txt")
    assert needs.names == {"six"}


def test_several_requirements_files_are_a_question(tmp_path: Path) -> None:
    files = {"requirements-gpu.txt": "six", "requirements-big.txt": "six"}
    with pytest.raises(
        ConfigurationError, match=r"dependencies='requirements-big\.txt' or dependencies='requirements-gpu"
    ):
        _read(tmp_path, **files)
    assert read_dependencies(tmp_path, set(files), "requirements-gpu.txt").requirements_file == "requirements-gpu.txt"


def test_extras_and_groups_are_told_and_installed_when_asked_for(tmp_path: Path) -> None:
    text = """
[project]
name = "p"
dependencies = ["six"]
[project.optional-dependencies]
train = ["torch"]
[dependency-groups]
dev = ["pytest", {include-group = "lint"}]
lint = ["ruff"]
"""
    needs = _read(tmp_path, **{"pyproject.toml": text})
    assert needs.requirements == ("six",)
    assert set(needs.optional) == {"train", "dev", "lint"}
    assert needs.elsewhere["torch"] == "pyproject.toml: project.optional-dependencies.train"
    asked = read_dependencies(tmp_path, {"pyproject.toml"}, "pyproject.toml[train, dev]")
    assert set(asked.requirements) == {"six", "torch", "pytest", "ruff"}
    with pytest.raises(ConfigurationError, match="no extra or group 'x'; there are dev, lint, train"):
        read_dependencies(tmp_path, {"pyproject.toml"}, "pyproject.toml[x]")


def test_a_source_of_uv_is_where_a_dependency_is_taken_from(tmp_path: Path) -> None:
    text = """
[project]
dependencies = ["flash-attn[x]>=2", "torch"]
[tool.uv.sources]
Flash_Attn = { git = "https://x.example/f", tag = "v2", subdirectory = "py" }
torch = { index = "cu" }
[[tool.uv.index]]
name = "cu"
url = "https://me:pw@download.example/whl/cu128"
"""
    needs = _read(tmp_path, **{"pyproject.toml": text})
    assert needs.requirements_file == "requirements.generated.txt"
    assert needs.files["requirements.generated.txt"].decode().splitlines() == [
        "--extra-index-url https://download.example/whl/cu128",
        "flash-attn[x] @ git+https://x.example/f@v2#subdirectory=py",
        "torch",
    ]


def test_dependencies_that_setuptools_takes_from_a_file_are_read_there(tmp_path: Path) -> None:
    text = '[project]\nname="p"\ndynamic=["dependencies"]\n[tool.setuptools.dynamic]\ndependencies={file=["deps.in"]}\n'
    assert _read(tmp_path, **{"pyproject.toml": text, "deps.in": "torch"}).requirements == ("torch",)


def test_a_folder_that_poetry_takes_a_dependency_from_is_not_looked_for_on_an_index(tmp_path: Path) -> None:
    text = '[project]\ndependencies=["six", "Common"]\n[tool.poetry.dependencies]\ncommon = {path = "libs/common"}\n'
    (tmp_path / "libs/common").mkdir(parents=True)
    needs = _read(tmp_path, **{"pyproject.toml": text, "libs/common/pyproject.toml": ""})
    assert needs.requirements == ("six",)
    assert needs.whole == "it installs a part of itself: libs/common (pyproject.toml: tool.poetry.dependencies)"


def test_a_folder_is_found_below_what_pdm_calls_the_root(tmp_path: Path) -> None:
    text = '[project]\ndependencies = ["common @ file:///${PROJECT_ROOT}/libs/common"]'
    (tmp_path / "libs/common").mkdir(parents=True)
    assert "libs/common" in (_read(tmp_path, **{"pyproject.toml": text, "libs/common/x.py": ""}).whole or "")


@pytest.mark.parametrize(
    "line",
    ["x @ https://me:hunter2@x.example/y.whl", "x @ git+https://hunter2@x.example/y", "x[ @ https://me:hunter2@x/y"],
)
def test_what_may_be_secret_in_a_link_is_refused_and_never_shown(tmp_path: Path, line: str) -> None:
    for name, text in (("requirements.txt", line), ("pyproject.toml", f'[project]\ndependencies = ["{line}"]')):
        (tmp_path / name).write_text(text)
        with pytest.raises(ConfigurationError) as refused:
            read_dependencies(tmp_path, {name})
        assert "hunter2" not in str(refused.value)


def test_setup_cfg_is_read(tmp_path: Path) -> None:
    text = """
[metadata]
name = p
author = ray
[options]
python_requires = >=3.10
install_requires =
    torch>=2 ; python_version > "3"
    # deepspeed
    numpy
[options.extras_require]
dev = pytest
"""
    needs = _read(tmp_path, **{"setup.cfg": text})
    assert needs.names == {"torch", "numpy"}
    assert needs.requires_python == ">=3.10"
    assert needs.optional == ("dev",)


def test_setup_py_is_read_as_far_as_it_is_made_of_literals(tmp_path: Path) -> None:
    text = """
import setuptools
raise SystemExit("this is never run")
BASE = ["numpy"]
REQUIRED = BASE + ["jax>=0.4"]
setuptools.setup(name="p", install_requires=REQUIRED, extras_require={"dev": ["x"]}, python_requires=">=3.11")
"""
    needs = _read(tmp_path, **{"setup.py": text})
    assert needs.names == {"numpy", "jax"}
    assert needs.requires_python == ">=3.11"


def test_what_setup_py_computes_is_told_and_not_guessed(tmp_path: Path) -> None:
    needs = _read(tmp_path, **{"setup.py": "setup(install_requires=open('r.txt').read().split())"})
    assert needs.names == frozenset()
    assert "setup.py computes install_requires" in needs.warnings[0]


def test_a_pipfile_is_read(tmp_path: Path) -> None:
    text = """
[[source]]
url = "https://pypi.org/simple"
[[source]]
url = "https://x.example/simple"
[packages]
torch = ">=2"
lib = { git = "https://x.example/y", ref = "abc" }
[requires]
python_version = "3.11"
"""
    needs = _read(tmp_path, Pipfile=text)
    assert needs.files["requirements.generated.txt"].decode().splitlines() == [
        "--extra-index-url https://x.example/simple",
        "torch>=2",
        "lib @ git+https://x.example/y@abc",
    ]


def test_a_conda_environment_becomes_requirements(tmp_path: Path) -> None:
    text = """
name: x
channels: [pytorch]
dependencies:
  - python=3.10
  - pytorch::pytorch=2.1
  - pytorch-cuda=12.1
  - numpy >=1.20,<2
  - pandas=2.2.1=py310h1234
  - libtiff=4.5.0=h123_2
  - ffmpeg
  - scipy=1.1|1.2
  - pip
  - pip:
      - transformers==4.40.0
      - --extra-index-url https://x.example/simple
"""
    needs = _read(tmp_path, **{"environment.yml": text})
    assert needs.files["requirements.generated.txt"].decode().splitlines() == [
        "--extra-index-url https://x.example/simple",
        "torch==2.1.*",
        "numpy<2,>=1.20",
        "pandas==2.2.1",
        "scipy",
        "transformers==4.40.0",
    ]
    assert needs.places["torch"] == "environment.yml, line 6"
    assert needs.requires_python == "==3.10.*"
    told = "\n".join(needs.warnings)
    for words in (
        "conda's pytorch is torch",
        "pytorch-cuda, libtiff",
        "extra_apt_packages: [ffmpeg]",
        "'scipy=1.1|1.2'",
    ):
        assert words in told


@pytest.mark.parametrize(
    ("files", "words"),
    [
        ({"pyproject.toml": '[build-system]\nrequires = ["maturin>=1"]\nbuild-backend = "maturin"'}, "maturin"),
        ({"pyproject.toml": '[build-system]\nrequires = []\nbuild-backend = "mesonpy"'}, "meson-python"),
        ({"pyproject.toml": '[build-system]\nrequires = ["setuptools", "Cython"]'}, "cython"),
        ({"setup.py": "setup(ext_modules=get_extensions())"}, "ext_modules"),
        ({"setup.py": "from torch.utils.cpp_extension import BuildExtension\nsetup()"}, "torch.utils.cpp_extension"),
        ({"setup.py": "setup()", "fast.pyx": ""}, "fast.pyx"),
    ],
)
def test_a_project_that_has_to_be_compiled_is_built_whole(tmp_path: Path, files: dict[str, str], words: str) -> None:
    needs = _read(tmp_path, **{"requirements.txt": "six", **files})
    assert words in (needs.whole or "")
    assert needs.install_project


@pytest.mark.parametrize("text", ["setup()", "setup(ext_modules=[])", "from setuptools import setup\nsetup(name='x')"])
def test_a_project_of_python_alone_is_not(tmp_path: Path, text: str) -> None:
    assert _read(tmp_path, **{"setup.py": text}).whole is None


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
        ("-e ../other", "on this machine"),
        ("-e ./nowhere", "is not in the project"),
        ("./wheels/x.whl", "is not in the project"),
        ("x @ file:///tmp/x.whl", "on this machine"),
        ("x.whl", "is not in the project"),
        ("-r https://x.example/y.txt", "is not a file of the project"),
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
    assert needs == Dependencies(why="no file lists dependencies")


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
        '[tool.poetry.dependencies]\nsix = ">=1 || <0.5"',
        '[project]\ndependencies = ["six"]\n[tool.uv.sources]\nsix = {path = "../six"}',
        '[dependency-groups]\na = [{include-group = "a"}]\n[project]\nname = "p"',
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
        (">=1 <2", "x>=1,<2"),
        ({"version": "*", "python": "^3.8"}, "x ; python_version >= '3.8' and python_version < '4'"),
        ({"version": "*", "platform": "win32"}, "x ; sys_platform == 'win32'"),
        ({"version": "*", "markers": "sys_platform == 'linux'"}, "x ; sys_platform == 'linux'"),
    ],
)
def test_poetrys_constraints_become_requirements(constraint: object, requirement: str) -> None:
    assert poetry_dependencies({"x": constraint}, "pyproject.toml").requirements == (requirement,)


def test_poetrys_python_and_optional_dependencies_are_not_installed() -> None:
    table = {"python": "^3.11", "a": "*", "b": {"version": "*", "optional": True}}
    read = poetry_dependencies(table, "pyproject.toml")
    assert (read.requirements, read.requires_python) == (("a",), ">=3.11,<4")
