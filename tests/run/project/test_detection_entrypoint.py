import pytest

from chamber.run.errors import AmbiguousEntrypointError, EntrypointNotFoundError
from chamber.run.project.detection.entrypoint import find, module_of


@pytest.mark.parametrize(
    ("paths", "found"),
    [
        ({"train.py", "model.py"}, "train.py"),
        ({"main.py", "src/train.py"}, "main.py"),
        ({"setup.py", "src/app.py"}, "src/app.py"),
        ({"pkg/__init__.py", "pkg/__main__.py"}, "-m pkg"),
        ({"src/pkg/__main__.py", "src/pkg/__init__.py"}, "-m pkg"),
        ({"run.py", "pkg/__main__.py"}, "run.py"),
        ({"deep/er/train.py", "pkg/__main__.py"}, "-m pkg"),
    ],
)
def test_the_entrypoint_is_found_by_convention(paths: set[str], found: str) -> None:
    assert find(paths) == found


@pytest.mark.parametrize(
    "paths", [{"train.py", "main.py"}, {"src/train.py", "src/run.py"}, {"a/__main__.py", "b/__main__.py"}]
)
def test_several_of_one_standing_are_a_question(paths: set[str]) -> None:
    with pytest.raises(AmbiguousEntrypointError) as asked:
        find(paths)
    assert str(asked.value).count("entrypoint='") == 2


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
