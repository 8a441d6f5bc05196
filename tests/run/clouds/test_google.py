import pytest

from chamber.run.clouds.google import Place, chamber_run_registry, place_of


@pytest.mark.parametrize(
    ("host", "place"),
    [
        ("europe-west4-docker.pkg.dev", Place("europe-west4")),
        ("us-docker.pkg.dev", Place("us")),
        ("US-east1-docker.pkg.dev", Place("us-east1")),
        ("gcr.io", Place("us", "gcr.io")),
        ("eu.gcr.io", Place("europe", "eu.gcr.io")),
        ("asia.gcr.io", Place("asia", "asia.gcr.io")),
    ],
)
def test_googles_registries_are_known(host: str, place: Place) -> None:
    assert place_of(host) == place


@pytest.mark.parametrize(
    "host",
    [
        "",
        "-docker.pkg.dev",
        "us-python.pkg.dev",
        "evil.test-docker.pkg.dev",
        "us-docker.pkg.dev.evil.test",
        "evilgcr.io",
        "x.gcr.io",
        "us-docker.pkg.dev:8443",
    ],
)
def test_what_only_looks_like_one_is_not(host: str) -> None:
    assert place_of(host) is None


def test_the_hook_answers_for_its_own_registries_alone() -> None:
    answer = chamber_run_registry("us-docker.pkg.dev/project/ml")
    assert answer is not None
    assert answer.password is None
    assert chamber_run_registry("docker.io/ml") is None
    assert chamber_run_registry(None) is None
