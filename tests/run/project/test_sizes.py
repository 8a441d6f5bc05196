import pytest

from chamber.core.errors import ConfigurationError
from chamber.run.project.files import GeneratedFile, ProjectFile
from chamber.run.project.sizes import check


def test_a_project_within_its_limit_is_let_through() -> None:
    check([ProjectFile("a", 60, 0o644), ProjectFile("b", 40, 0o644)], 100)


def test_beyond_it_the_ten_largest_files_are_named_with_what_to_do() -> None:
    files = [ProjectFile(f"f{number:02}", number * 10**6, 0o644) for number in range(20)]
    with pytest.raises(ConfigurationError) as caught:
        check(files, 150_000_000, [GeneratedFile("g", b"x")])
    text = str(caught.value)
    named = [line.split()[-1] for line in text.splitlines() if line.startswith("  ")]
    assert named == [f"f{number:02}" for number in range(19, 9, -1)]
    assert "190.0 MB, more than the 150.0 MB" in text
    assert "19.0 MB  f19" in text
    assert "`ignore`" in text
    assert "max_project_size='200MB'" in text


def test_the_limit_that_is_proposed_is_enough() -> None:
    with pytest.raises(ConfigurationError, match="max_project_size='100MB'"):
        check([ProjectFile("a", 100_000_000, 0o644)], 99_999_999)
