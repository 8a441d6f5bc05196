"""Amazon ECR: logins that last twelve hours, and repositories that have to be made before a push.

Hosts: https://docs.aws.amazon.com/general/latest/gr/ecr.html and, by their suffix, every partition.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from chamber.core.hooks import hookimpl

if TYPE_CHECKING:
    from chamber.run.targets import Registry

__all__ = ["Place", "chamber_run_registry", "place_of"]

#: The only region of the API of public registries.
_PUBLIC_REGION = "us-east-1"
_PUBLIC = {"public.ecr.aws": False, "ecr-public.aws.com": True}
#: Suffix of a partition's hosts → whether they are reached by IPv6 as well.
_SUFFIXES = {
    "amazonaws.com": False,
    "amazonaws.com.cn": False,
    "amazonaws.eu": False,
    "c2s.ic.gov": False,
    "sc2s.sgov.gov": False,
    "cloud.adc-e.uk": False,
    "csp.hci.ic.gov": False,
    "on.aws": True,
    "on.amazonwebservices.com.cn": True,
    "on.amazonwebservices.eu": True,
}
#: Between account and region, as labels → whether it is validated cryptography (FIPS) that is spoken.
_SERVICES = {("dkr", "ecr"): False, ("dkr", "ecr-fips"): True, ("dkr-ecr",): False, ("dkr-ecr-fips",): True}
_ACCOUNT_DIGITS = 12


class Place(NamedTuple):
    """One registry of ECR."""

    region: str
    #: The account's number; None: the public registry, which all accounts share.
    account: str | None
    fips: bool = False
    dualstack: bool = False


@hookimpl(optionalhook=True, trylast=True)
def chamber_run_registry(registry: str | None) -> Registry | None:
    """A registry of ECR, private or public, in any partition."""
    place = place_of(registry.partition("/")[0]) if registry else None
    if registry is None or place is None:
        return None
    from chamber.run.clouds import ecr
    from chamber.run.targets import Registry

    return Registry(registry, login=partial(ecr.login, place), create_repository=partial(ecr.create, place))


def place_of(host: str) -> Place | None:
    """Where the registry at `host` is; None: not in ECR."""
    host = host.lower()
    if host in _PUBLIC:
        return Place(_PUBLIC_REGION, None, dualstack=_PUBLIC[host])
    account, *labels = host.split(".")
    for service, fips in _SERVICES.items():
        region, suffix = labels[len(service) :][:1], ".".join(labels[len(service) + 1 :])
        if tuple(labels[: len(service)]) != service or suffix not in _SUFFIXES:
            continue
        if _is_account(account) and _is_region(region[0]):
            return Place(region[0], account, fips, _SUFFIXES[suffix])
    return None


def _is_account(label: str) -> bool:
    return len(label) == _ACCOUNT_DIGITS and label.isascii() and label.isdigit()


def _is_region(label: str) -> bool:
    return label.isascii() and label.replace("-", "").isalnum() and not label.startswith("-")
