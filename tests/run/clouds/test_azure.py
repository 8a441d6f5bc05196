import pytest

from chamber.run.clouds.azure import chamber_run_registry


@pytest.mark.parametrize("host", ["contoso.azurecr.io", "contoso-ab12.azurecr.cn", "Contoso.AzureCR.us"])
def test_the_hook_answers_for_azures_registries(host: str) -> None:
    answer = chamber_run_registry(f"{host}/ml")
    assert answer is not None
    assert (answer.prefix, answer.password) == (f"{host}/ml", None)
    assert answer.login is not None


@pytest.mark.parametrize(
    "host", ["azurecr.io", ".azurecr.io", "-x.azurecr.io", "x.azurecr.io.evil.test", "x.azurecr.io:443", "xazurecr.io"]
)
def test_the_hook_answers_for_no_other(host: str) -> None:
    assert chamber_run_registry(f"{host}/ml") is None


def test_it_offers_no_default() -> None:
    assert chamber_run_registry(None) is None
