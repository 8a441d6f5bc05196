import pytest
from hypothesis import given
from hypothesis import strategies as st

from chamber.core.errors import DockerError
from chamber.run.registry.manifests import Descriptor, Platform
from chamber.run.registry.platforms import check_platform, choose_platform

MANIFEST = "application/vnd.oci.image.manifest.v1+json"


def _index(*platforms: str) -> list[Descriptor]:
    return [
        Descriptor(MANIFEST, f"sha256:{number:064x}", 1, platform=Platform(*platform.split("/")))
        for number, platform in enumerate(platforms)
    ]


def _chosen(platform: str, *there: str) -> str:
    return there[int(choose_platform(_index(*there), platform, "r.test/base:1").digest[7:], 16)]


@pytest.mark.parametrize(
    ("wanted", "there", "chosen"),
    [
        ("linux/amd64", ("linux/arm64/v8", "linux/amd64"), "linux/amd64"),
        ("linux/amd64", ("linux/amd64/v3", "linux/amd64"), "linux/amd64"),
        ("linux/amd64", ("unknown/unknown", "linux/amd64"), "linux/amd64"),
        ("linux/amd64/v3", ("linux/amd64", "linux/amd64/v2"), "linux/amd64/v2"),
        ("linux/arm64", ("linux/amd64", "linux/arm64/v8"), "linux/arm64/v8"),
        ("linux/arm64/v8", ("linux/arm64",), "linux/arm64"),
        ("linux/aarch64", ("linux/arm64",), "linux/arm64"),
        ("linux/x86_64", ("linux/amd64",), "linux/amd64"),
        ("linux/arm", ("linux/arm/v6", "linux/arm/v7"), "linux/arm/v7"),
        ("linux/arm/v7", ("linux/arm/v5", "linux/arm/v6"), "linux/arm/v6"),
        ("linux/riscv64", ("linux/riscv64",), "linux/riscv64"),
        ("Linux/AMD64", ("linux/amd64",), "linux/amd64"),
    ],
)
def test_of_what_runs_there_the_closest_is_chosen(wanted: str, there: tuple[str, ...], chosen: str) -> None:
    assert _chosen(wanted, *there) == chosen


@pytest.mark.parametrize(
    ("wanted", "there"),
    [
        ("linux/amd64", ("linux/arm64", "windows/amd64")),
        ("linux/amd64", ("linux/amd64/v3",)),
        ("linux/arm/v6", ("linux/arm/v7",)),
        ("linux/arm64", ("linux/arm/v7",)),
        ("linux", ("linux/amd64",)),
        ("", ("linux/amd64",)),
    ],
)
def test_what_does_not_run_there_is_not_chosen(wanted: str, there: tuple[str, ...]) -> None:
    with pytest.raises(DockerError, match=r"r\.test/base:1 is not there for"):
        _chosen(wanted, *there)


def test_what_there_is_is_listed_without_attestations() -> None:
    with pytest.raises(DockerError, match=r"only for linux/arm/v7, linux/s390x$"):
        _chosen("linux/amd64", "linux/s390x", "unknown/unknown", "linux/arm/v7")


@given(st.text(max_size=20), st.lists(st.tuples(st.text(max_size=5), st.text(max_size=5)), max_size=3))
def test_any_platform_is_chosen_or_our_error(wanted: str, there: list[tuple[str, str]]) -> None:
    index = [Descriptor(MANIFEST, f"sha256:{0:064x}", 1, platform=Platform(*names)) for names in there]
    try:
        assert choose_platform(index, wanted, "r.test/base").platform is not None
    except DockerError as error:
        assert wanted in str(error)  # noqa: PT017 - either outcome is right


def test_an_image_of_another_platform_is_refused_and_one_that_says_nothing_is_not() -> None:
    check_platform({"os": "linux", "architecture": "amd64"}, "linux/amd64", "r.test/base")
    check_platform({"os": "linux", "architecture": "arm64", "variant": "v8"}, "linux/arm64", "r.test/base")
    check_platform({}, "linux/amd64", "r.test/base")
    with pytest.raises(DockerError, match="is for linux/arm64, not for linux/amd64"):
        check_platform({"os": "linux", "architecture": "arm64"}, "linux/amd64", "r.test/base")
