import pytest
from hypothesis import given
from hypothesis import strategies as st

from chamber.run.clouds.aws import Place, chamber_run_registry, place_of

ACCOUNT = "123456789012"

regions = st.from_regex(r"[a-z]{2,4}(-[a-z]{3,8}){1,2}-[1-9]", fullmatch=True)


@pytest.mark.parametrize(
    ("host", "place"),
    [
        (f"{ACCOUNT}.dkr.ecr.us-east-1.amazonaws.com", Place("us-east-1", ACCOUNT)),
        (f"{ACCOUNT}.DKR.ecr.EU-central-2.amazonaws.com", Place("eu-central-2", ACCOUNT)),
        (f"{ACCOUNT}.dkr.ecr-fips.us-gov-west-1.amazonaws.com", Place("us-gov-west-1", ACCOUNT, fips=True)),
        (f"{ACCOUNT}.dkr.ecr.cn-north-1.amazonaws.com.cn", Place("cn-north-1", ACCOUNT)),
        (f"{ACCOUNT}.dkr.ecr.eusc-de-east-1.amazonaws.eu", Place("eusc-de-east-1", ACCOUNT)),
        (f"{ACCOUNT}.dkr.ecr.us-iso-east-1.c2s.ic.gov", Place("us-iso-east-1", ACCOUNT)),
        (f"{ACCOUNT}.dkr.ecr.us-isob-east-1.sc2s.sgov.gov", Place("us-isob-east-1", ACCOUNT)),
        (f"{ACCOUNT}.dkr.ecr.eu-isoe-west-1.cloud.adc-e.uk", Place("eu-isoe-west-1", ACCOUNT)),
        (f"{ACCOUNT}.dkr.ecr.us-isof-south-1.csp.hci.ic.gov", Place("us-isof-south-1", ACCOUNT)),
        (f"{ACCOUNT}.dkr-ecr.us-west-2.on.aws", Place("us-west-2", ACCOUNT, dualstack=True)),
        (f"{ACCOUNT}.dkr-ecr-fips.us-west-2.on.aws", Place("us-west-2", ACCOUNT, fips=True, dualstack=True)),
        (f"{ACCOUNT}.dkr-ecr.cn-north-1.on.amazonwebservices.com.cn", Place("cn-north-1", ACCOUNT, dualstack=True)),
        ("public.ecr.aws", Place("us-east-1", None)),
        ("ecr-public.aws.com", Place("us-east-1", None, dualstack=True)),
    ],
)
def test_registries_of_every_partition_are_known(host: str, place: Place) -> None:
    assert place_of(host) == place


@pytest.mark.parametrize(
    "host",
    [
        "",
        "ghcr.io",
        "amazonaws.com",
        f"{ACCOUNT}.dkr.ecr.us-east-1.amazonaws.com.evil.test",
        f"{ACCOUNT}.dkr.ecr.us-east-1.evil.test",
        f"{ACCOUNT}.dkr.ecr.us-east-1.evilamazonaws.com",
        f"{ACCOUNT}.dkr.ecr.us-east-1.evil.amazonaws.com",
        f"{ACCOUNT}.dkr.ecr..amazonaws.com",
        f"{ACCOUNT}.dkr.ecr.amazonaws.com",
        f"{ACCOUNT}.dkr.ecr.us-east-1.amazonaws.com:443",
        "12345.dkr.ecr.us-east-1.amazonaws.com",
        "a23456789012.dkr.ecr.us-east-1.amazonaws.com",
        "my.public.ecr.aws",
        "public.ecr.aws.evil.test",
        f"{ACCOUNT}.s3.us-east-1.amazonaws.com",
    ],
)
def test_what_only_looks_like_one_is_not(host: str) -> None:
    assert place_of(host) is None


@given(st.text(max_size=60))
def test_any_host_is_looked_at_without_harm(host: str) -> None:
    place = place_of(host)
    assert place is None or host.lower().endswith((".aws", ".amazonaws.com"))


@given(regions, st.from_regex(r"[0-9]{12}", fullmatch=True))
def test_account_and_region_are_those_of_the_host(region: str, account: str) -> None:
    assert place_of(f"{account}.dkr.ecr.{region}.amazonaws.com") == Place(region, account)


def test_the_hook_answers_for_its_own_registries_alone() -> None:
    registry = f"{ACCOUNT}.dkr.ecr.us-east-1.amazonaws.com/ml"
    answer = chamber_run_registry(registry)
    assert answer is not None
    assert (answer.prefix, answer.password, answer.insecure) == (registry, None, False)
    assert chamber_run_registry("ghcr.io/ml") is None
    assert chamber_run_registry(None) is None
