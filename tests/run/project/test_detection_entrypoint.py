from collections.abc import Collection
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chamber.run.errors import AmbiguousEntrypointError, EntrypointNotFoundError
from chamber.run.project.detection import entrypoint
from chamber.run.project.detection.entrypoint import module_of, notebook_of
from chamber.run.project.detection.folder import Folder
from chamber.run.project.detection.scripts import Script

NOWHERE = Path("/nonexistent")


def find(
    paths: Collection[str], asked: str | None = None, scripts: tuple[Script, ...] = (), required: Collection[str] = ()
) -> str:
    return entrypoint.find(Folder(NOWHERE, frozenset(paths)), asked, scripts, required).start


def _script(name: str, reference: str) -> Script:
    module, _, function = reference.partition(":")
    return Script(name, module, function, "pyproject.toml: project.scripts")


@pytest.mark.parametrize(
    ("paths", "found"),
    [
        ({"train.py", "model.py"}, "train.py"),
        ({"setup.py", "src/app.py"}, "src/app.py"),
        ({"scripts/train.py", "lib/x.py"}, "scripts/train.py"),
        ({"pkg/__init__.py", "pkg/__main__.py"}, "-m pkg"),
        ({"src/pkg/__main__.py", "src/pkg/__init__.py"}, "-m pkg"),
        ({"pkg/__init__.py", "pkg/train.py"}, "pkg/train.py"),
        ({"src/pkg/__init__.py", "src/pkg/train.py"}, "src/pkg/train.py"),
        ({"deep/er/train.py", "pkg/__main__.py"}, "-m pkg"),
        ({"train.py", "pkg/__init__.py", "pkg/train.py", "pkg/__main__.py"}, "train.py"),
        ({"train.py", "utils/train.py", "tests/__init__.py", "tests/train.py"}, "train.py"),
        ({"train.ipynb", "explore.ipynb"}, "train.ipynb.py"),
        ({"main.py", "train.ipynb"}, "main.py"),
    ],
)
def test_the_entrypoint_is_found_by_convention(paths: set[str], found: str) -> None:
    assert find(paths) == found


@pytest.mark.parametrize(
    "paths",
    [
        {"train.py", "main.py"},
        {"src/train.py", "src/run.py"},
        {"a/__main__.py", "b/__main__.py"},
        {"main.py", "scripts/train.py"},
        {"app.py", "scripts/train.py"},
        {"main.py", "src/train.py"},
        {"train.py", "scripts/train.py"},
        {"app.py", "pkg/__init__.py", "pkg/train.py"},
        {"run.py", "pkg/__main__.py"},
        {"pkg/__init__.py", "pkg/__main__.py", "pkg/train.py"},
    ],
)
def test_several_of_one_standing_are_a_question(paths: set[str]) -> None:
    with pytest.raises(AmbiguousEntrypointError) as asked:
        find(paths)
    assert str(asked.value).count("entrypoint='") == 2


@pytest.mark.parametrize(
    ("paths", "scripts", "found"),
    [
        ({"pkg/cli.py", "pkg/__init__.py"}, {"go": "pkg.cli:main"}, ".chamber/bin/go"),
        ({"pkg/train.py", "pkg/__init__.py"}, {"pkg-train": "pkg.train:main"}, ".chamber/bin/pkg-train"),
        ({"train.py"}, {"fit": "train:main"}, ".chamber/bin/fit"),
        ({"src/train.py"}, {"train": "train:main", "eval-it": "evaluate:main"}, ".chamber/bin/train"),
        ({"pkg/cli.py"}, {"a-train": "pkg.cli:train", "a-serve": "pkg.cli:serve"}, ".chamber/bin/a-train"),
        ({"pkg/cli.py"}, {"a-serve": "pkg.cli:serve"}, ".chamber/bin/a-serve"),
    ],
)
def test_a_command_is_a_candidate(paths: set[str], scripts: dict[str, str], found: str) -> None:
    assert find(paths, None, tuple(_script(*item) for item in scripts.items())) == found


@pytest.mark.parametrize(
    ("paths", "scripts"),
    [
        ({"train.py"}, {"tool": "pkg.cli:main"}),
        ({"train.py"}, {"train": "pkg.cli:train"}),
        ({"pkg/cli.py"}, {"a": "pkg.cli:a", "b": "pkg.cli:b"}),
    ],
)
def test_a_command_that_leads_elsewhere_than_a_script_is_a_question(paths: set[str], scripts: dict[str, str]) -> None:
    with pytest.raises(AmbiguousEntrypointError) as asked:
        find(paths, None, tuple(_script(*item) for item in scripts.items()))
    for name in scripts:
        assert f"entrypoint={name!r}" in str(asked.value)


def test_the_question_names_the_exact_argument() -> None:
    with pytest.raises(ValueError, match=r"entrypoint='train\.py' or entrypoint='main\.py'"):
        find({"main.py", "train.py"})


@pytest.mark.parametrize("paths", [set(), {"model.py"}, {"a b/__main__.py"}, {"train.txt"}])
def test_none_is_a_file_not_found_error_that_says_what_to_pass(paths: set[str]) -> None:
    with pytest.raises(FileNotFoundError, match=r"entrypoint='path/to/script\.py'") as refused:
        find(paths)
    assert isinstance(refused.value, EntrypointNotFoundError)
    assert isinstance(refused.value, ValueError)


@pytest.mark.parametrize(
    ("asked", "found"), [("b/x.py", "b/x.py"), ("./b/x.py", "b/x.py"), ("-m b.x", "-m b.x"), ("-m c", "-m c")]
)
def test_an_entrypoint_that_was_asked_for_is_taken(asked: str, found: str) -> None:
    assert find({"train.py", "main.py", "b/x.py", "src/c/__main__.py"}, asked) == found


@pytest.mark.parametrize("asked", ["nowhere.py", "../train.py", "/train.py", "-m nowhere", "data.txt", "-m"])
def test_an_entrypoint_that_is_not_there_is_an_error(asked: str) -> None:
    with pytest.raises(EntrypointNotFoundError):
        find({"train.py", "data.txt"}, asked)


def test_a_file_of_the_same_name_elsewhere_is_suggested() -> None:
    with pytest.raises(EntrypointNotFoundError, match=r"did you mean 'scripts/fit\.py'"):
        find({"scripts/fit.py"}, "fit.py")


def test_a_module_is_told_from_a_file() -> None:
    assert module_of("-m a.b") == "a.b"
    assert module_of("train.py") is None


def test_a_notebook_is_told_from_a_file() -> None:
    assert notebook_of("a/b.ipynb.py") == "a/b.ipynb"
    assert notebook_of("a/b.py") is None


def test_a_command_that_was_asked_for_is_taken_by_its_name() -> None:
    assert find({"train.py"}, "tool", (_script("tool", "pkg.cli:main"),)) == ".chamber/bin/tool"


def test_a_module_of_what_is_installed_may_be_asked_for() -> None:
    assert find({"config.yml"}, "-m axolotl.cli.train", required={"axolotl"}) == "-m axolotl.cli.train"


def test_a_whole_command_line_is_told_apart() -> None:
    with pytest.raises(
        EntrypointNotFoundError, match=r"name 'train\.py' alone, and its arguments with entrypoint_args"
    ):
        find({"train.py"}, "python train.py --lr 1")


def test_a_shell_script_is_refused_with_what_it_starts(tmp_path: Path) -> None:
    (tmp_path / "run.sh").write_text("#!/bin/sh\n# old.py\ntorchrun --nproc-per-node=8 src/fit.py --lr 1\n")
    folder = Folder(tmp_path, frozenset({"run.sh", "src/fit.py", "old.py"}))
    with pytest.raises(EntrypointNotFoundError, match=r"It names entrypoint='src/fit\.py'$"):
        entrypoint.find(folder, "run.sh")


def test_where_nothing_is_found_what_might_be_meant_is_offered() -> None:
    with pytest.raises(EntrypointNotFoundError) as refused:
        find({"tools/train_net.py", "run_clm.py", "model.py", "tests/train.py", "a.ipynb"})
    assert str(refused.value).endswith(
        "There are entrypoint='run_clm.py', entrypoint='tools/train_net.py', entrypoint='a.ipynb'"
    )


@pytest.mark.parametrize("line", ["from . import model", "import pkg.model", "from pkg import model"])
def test_a_file_that_imports_its_own_package_is_started_as_a_module(tmp_path: Path, line: str) -> None:
    (tmp_path / "pkg").mkdir()
    (tmp_path / "pkg/train.py").write_text(f"{line}\n")
    folder = Folder(tmp_path, frozenset({"pkg/__init__.py", "pkg/train.py"}))
    assert entrypoint.find(folder).start == "-m pkg.train"


PLACES = [
    "train.py",
    "main.py",
    "app.py",
    "src/run.py",
    "scripts/train.py",
    "p/__init__.py",
    "p/train.py",
    "p/__main__.py",
]


def _outcome(paths: set[str]) -> str:
    try:
        return find(paths)
    except (AmbiguousEntrypointError, EntrypointNotFoundError) as error:
        return str(error)


@settings(deadline=None)
@given(st.sets(st.sampled_from(PLACES)), st.sets(st.sampled_from(["model.py", "data/a.csv", "LICENSE", "lib/x.py"])))
def test_files_that_convention_does_not_name_change_nothing(paths: set[str], others: set[str]) -> None:
    assert _outcome(paths | others) == _outcome(paths)


@settings(deadline=None)
@given(st.sets(st.sampled_from(PLACES)))
def test_a_question_is_answered_by_each_argument_that_it_names(paths: set[str]) -> None:
    try:
        find(paths)
    except AmbiguousEntrypointError as asked:
        for argument in str(asked).split("entrypoint='")[1:]:
            assert find(paths, argument.partition("'")[0])
    except EntrypointNotFoundError:
        assert not paths & {"train.py", "main.py", "app.py", "src/run.py", "scripts/train.py"}
