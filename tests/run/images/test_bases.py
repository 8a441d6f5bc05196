import pytest
from packaging.specifiers import SpecifierSet
from packaging.version import Version

from chamber.core.errors import ConfigurationError
from chamber.run.images import bases
from chamber.run.images.catalogue import FRAMEWORKS, PACKAGE, Row, capability_of, is_slim, row_of
from chamber.run.reference import Reference
from chamber.run.targets import BaseImage

AMD64 = "linux/amd64"
MARKER = BaseImage("chamber.local/python:latest", recipe=True)
ROWS = [row for rows in FRAMEWORKS.values() for row in rows]


def _tag(choice: bases.Choice) -> str:
    return choice.base.reference.rpartition("/")[2]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.reference)
def test_each_row_is_found_by_its_reference_and_says_what_it_ships(row: Row) -> None:
    assert Reference.parse(row.reference).host == "nvcr.io"
    assert row_of(f"{row.reference}@sha256:{'0' * 64}") is row
    assert all(Version(version) for version in row.ships.values() if version)
    assert {PACKAGE[name] for name in PACKAGE} & {name for name, version in row.ships.items() if version}


@pytest.mark.parametrize("framework", ["pytorch", "tensorflow", "jax"])
def test_the_newest_comes_first(framework: str) -> None:
    rows = FRAMEWORKS[framework]  # type: ignore[index]
    versions = [Version(row.ships[PACKAGE[framework]]).release for row in rows]  # type: ignore[index]
    assert versions == sorted(versions, reverse=True)
    assert [row.cuda for row in rows] == sorted((row.cuda for row in rows), reverse=True)


def test_nothing_asked_for_gives_the_newest() -> None:
    choice = bases.choose("pytorch", None, {}, "H100", AMD64)
    assert choice.base.reference == FRAMEWORKS["pytorch"][0].reference
    assert "newest" in choice.why
    assert not choice.warnings


@pytest.mark.parametrize(
    ("asked", "tag"),
    [
        ("", "pytorch:25.12-py3"),
        (">=2.4", "pytorch:25.12-py3"),
        (">=2.10", "python:3.12-slim"),
        (">=2.4,<2.8", "pytorch:25.04-py3"),
        ("<2.6", "pytorch:24.10-py3"),
        ("==2.6.*", "pytorch:25.01-py3"),
        ("~=2.5", "pytorch:25.12-py3"),
        ("==2.4.1", "python:3.12-slim"),
        ("==2.6.0", "python:3.12-slim"),
        ("==2.9.0a0+145a3a7bda.nv25.10", "pytorch:25.10-py3"),
        ("not a specifier", "pytorch:25.12-py3"),
    ],
)
def test_a_build_before_a_release_is_taken_where_pip_would_take_it(asked: str, tag: str) -> None:
    choice = bases.choose("pytorch", None, {"torch": asked}, "H100", AMD64)
    assert _tag(choice) == tag
    row = row_of(choice.base.reference)
    if row and asked != "not a specifier":
        assert SpecifierSet(asked).contains(row.ships["torch"], prereleases=True)
    if row is None:
        assert "package index" in choice.why
        assert f"torch{asked}" in choice.why


@pytest.mark.parametrize(
    ("gpu_type", "platform", "python", "tag"),
    [
        ("V100", AMD64, None, "pytorch:24.11-py3"),
        ("T4", AMD64, None, "pytorch:25.12-py3"),
        ("NVIDIA A100-80GB", AMD64, None, "pytorch:25.12-py3"),
        ("B200", AMD64, None, "pytorch:25.12-py3"),
        ("FutureGPU", AMD64, None, "pytorch:25.12-py3"),
        ("H100", "linux/arm64", None, "pytorch:25.12-py3"),
        ("H100", AMD64, "3.10", "pytorch:24.10-py3"),
        ("B200", AMD64, "3.10", "python:3.10-slim"),
        ("H100", "linux/arm64", "3.10", "python:3.10-slim"),
        ("H100", AMD64, "3.11", "python:3.11-slim"),
    ],
)
def test_gpu_platform_and_python_decide_too(gpu_type: str, platform: str, python: str | None, tag: str) -> None:
    choice = bases.choose("pytorch", python, {"torch": ""}, gpu_type, platform)
    assert _tag(choice) == tag


@pytest.mark.parametrize(
    ("gpu_type", "asked", "tag"),
    [
        ("B200", "<2.7", "pytorch:25.01-py3"),
        ("B200", "<2.6", "python:3.12-slim"),
        ("B300", "<2.7", "pytorch:25.01-py3"),
    ],
)
def test_blackwell_takes_cuda_12_8(gpu_type: str, asked: str, tag: str) -> None:
    assert _tag(bases.choose("pytorch", None, {"torch": asked}, gpu_type, AMD64)) == tag


def test_why_says_what_kept_the_newest_from_being_chosen() -> None:
    why = bases.choose("pytorch", None, {}, "V100", AMD64).why
    assert "pytorch:25.12-py3 is newer" in why
    assert "V100" in why


def test_the_other_packages_of_an_image_count() -> None:
    choice = bases.choose("tensorflow", None, {"tensorflow": "", "numpy": ">=2"}, "H100", AMD64)
    assert _tag(choice) == "tensorflow:24.08-tf2-py3"


def test_a_framework_from_the_index_is_warned_about_where_it_would_lack_gpus_or_itself() -> None:
    tensorflow = bases.choose("tensorflow", None, {"tensorflow": ">=2.19"}, "H100", AMD64)
    assert any("tensorflow[and-cuda]" in warning for warning in tensorflow.warnings)
    lightning = bases.choose("pytorch", "3.13", {"lightning": ""}, "H100", AMD64)
    assert any("does not list torch" in warning for warning in lightning.warnings)
    assert not bases.choose("pytorch", "3.13", {"torch": ""}, "H100", AMD64).warnings


def test_no_framework_gets_python_alone() -> None:
    choice = bases.choose("generic", "3.11", {"numpy": "==1.0"}, "H100", "linux/arm64")
    assert choice.base.reference == "docker.io/library/python:3.11-slim"
    assert is_slim(choice.base.reference)
    assert bases.choose("generic", None, {}, "H100", AMD64).base.reference == "docker.io/library/python:3.12-slim"
    assert any("3.6" in warning for warning in bases.choose("generic", "3.6", {}, "H100", AMD64).warnings)


@pytest.mark.parametrize("asked", ["==2.4.1", ">=2.6"])
def test_a_named_base_that_conflicts_is_refused_with_the_remedy(asked: str) -> None:
    with pytest.raises(ConfigurationError, match=r"ships torch 2\.6\.0a0.*another base_image"):
        bases.check(BaseImage("nvcr.io/nvidia/pytorch:25.01-py3"), {"torch": asked})


def test_a_named_base_that_fits_or_is_unknown_is_left_alone() -> None:
    bases.check(BaseImage("nvcr.io/nvidia/pytorch:25.01-py3"), {"torch": ">=2.5", "requests": "==1", "apex": "==9"})
    bases.check(BaseImage("ghcr.io/a/b:1"), {"torch": "==2.4.1"})


def test_the_python_of_a_named_base_is_warned_about() -> None:
    base = BaseImage("nvcr.io/nvidia/pytorch:25.01-py3")
    assert any("Python 3.11" in warning for warning in bases.warnings_about(base, "3.11"))
    assert not list(bases.warnings_about(base, "3.12"))
    assert not list(bases.warnings_about(base, None))


def test_capabilities_are_known_by_the_names_people_use() -> None:
    assert capability_of("nvidia_h100") == capability_of("H100-SXM5-80GB") == 9.0
    assert capability_of("TPUv5") is None


@pytest.mark.parametrize(
    ("reference", "moves"),
    [
        ("ghcr.io/a/b", True),
        ("ghcr.io/a/b:latest", True),
        ("ghcr.io/a/b:nightly", True),
        ("ghcr.io/a/b:1.2", False),
        ("ghcr.io/a/b:latest@sha256:" + "0" * 64, False),
        ("docker.io/library/python:3.12-slim", False),
    ],
)
def test_a_moving_tag_is_warned_about(reference: str, moves: bool) -> None:
    assert any("moving tag" in warning for warning in bases.warnings_about(BaseImage(reference), None)) is moves


def test_the_marker_of_recipes_does_not_move() -> None:
    assert not list(bases.warnings_about(MARKER, None))
