"""What an embedded Chamber is made with."""

import itertools
from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec

from chamber.core.errors import ConfigurationError
from chamber.core.loopback import is_loopback
from chamber.local.api.dialect import Dialect
from chamber.local.api.dialects import DIALECTS
from chamber.local.configuration import Configuration, PoolConfiguration
from chamber.local.memberships import FIRST, completed
from chamber.local.ratelimits import RateLimit
from chamber.local.users import ORGANIZATION, User

__all__ = ["Settings", "checked", "gpus_of"]

_EXECUTORS = ("process", "container", "simulated")
#: What a container does that asks for GPUs: it gets real ones or fails, or it gets none.
_CONTAINER_GPUS = ("require", "count")


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """Checked settings; `sample_interval` and `grace` are in seconds, `log_limit` in bytes."""

    dialect: Dialect
    idempotency: bool
    executor: str
    data_dir: Path | None
    configuration: Configuration
    host: str
    port: int
    loopback: bool
    sample_interval: float
    grace: float
    users: tuple[User, ...]
    rate_limit: RateLimit | None
    log_limit: int
    container_gpus: str
    seed: str | None = None

    @property
    def organizations(self) -> tuple[str, ...]:
        """Those that users or teams belong to."""
        return _organizations(self.users, self.configuration)


def checked(
    *,
    dialect: str,
    executor: str,
    data_dir: Path | None,
    gpus: Mapping[str, int] | None,
    configuration: Configuration,
    host: str,
    port: int,
    allow_remote: bool,
    sample_interval: float,
    grace: float,
    idempotency: bool | None,
    users: Sequence[User],
    rate_limit: RateLimit | None,
    log_limit: int,
    container_gpus: str,
    seed: str | None = None,
) -> Settings:
    """The settings, when they are sound. Raises ConfigurationError."""
    _one_of("dialect", dialect, tuple(DIALECTS))
    _one_of("executor", executor, _EXECUTORS)
    _one_of("container_gpus", container_gpus, _CONTAINER_GPUS)
    if seed is not None:
        _one_of("seed", seed, ("demo",))
    loopback = is_loopback(host)
    if not loopback and not allow_remote:
        raise ConfigurationError(
            f"host={host!r} would let other machines reach this Chamber, which runs what they send: "
            "use 127.0.0.1, or say allow_remote=True (--expose)"
        )
    if not 0 <= port <= 65535:
        raise ConfigurationError(f"port={port!r} is not 0 (any free one) to 65535")
    if not (0 < sample_interval < float("inf") and 0 <= grace < float("inf")):
        raise ConfigurationError("sample_interval must be more than 0 seconds, and grace 0 or more")
    if log_limit < 0:
        raise ConfigurationError(f"log_limit={log_limit!r} is not a number of bytes from 0")
    everybody = _users(users)
    return Settings(
        dialect=DIALECTS[dialect],
        idempotency=dialect == "documented" if idempotency is None else idempotency,
        executor=executor,
        data_dir=data_dir,
        configuration=_configuration(gpus, configuration, everybody),
        host=host,
        port=port,
        loopback=loopback,
        sample_interval=sample_interval,
        grace=grace,
        users=everybody,
        rate_limit=rate_limit,
        log_limit=log_limit,
        container_gpus=container_gpus,
        seed=seed,
    )


def gpus_of(text: str) -> dict[str, int]:
    """GPU types and how many there are of each, from ``H100=8,A100=4``. Raises ConfigurationError."""
    pools = [part.partition("=") for part in text.split(",") if part.strip()]
    try:
        return {gpu_type.strip(): int(count) for gpu_type, _, count in pools}
    except ValueError as error:
        raise ConfigurationError(f"{text!r} does not look like H100=8,A100=4") from error


def _one_of(name: str, value: str, known: tuple[str, ...]) -> None:
    if value not in known:
        raise ConfigurationError(f"{name}={value!r} is not there; there is {', '.join(known)}")


def _users(users: Sequence[User]) -> tuple[User, ...]:
    """All who have a token, the first of them being whom the Chamber's own is of."""
    everybody = (FIRST, *map(completed, users))
    names = [user.name for user in everybody]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise ConfigurationError(f"users names {', '.join(twice)} twice; {FIRST.name} is there already")
    return everybody


def _configuration(
    gpus: Mapping[str, int] | None, configuration: Configuration, users: Sequence[User]
) -> Configuration:
    if configuration.pools:
        if gpus is not None:
            raise ConfigurationError("pools are configured, and gpus is given too: say it in one way")
        return configuration
    everybodys = {"H100": 8} if gpus is None else gpus
    pools = (_pools(everybodys, name) for name in _organizations(users, configuration))
    return msgspec.structs.replace(configuration, pools=tuple(itertools.chain.from_iterable(pools)))


def _organizations(users: Sequence[User], configuration: Configuration) -> tuple[str, ...]:
    of_users = (name for user in users for name in user.organizations)
    of_teams = (team.organization for team in configuration.teams if team.organization)
    return tuple(dict.fromkeys((*of_users, *of_teams)))


def _pools(gpus: Mapping[str, int], organization: str) -> tuple[PoolConfiguration, ...]:
    """Those of an organization: each has as many."""
    for gpu_type, count in gpus.items():
        if not gpu_type or count < 0 or int(count) != count:
            raise ConfigurationError(f"gpus={{{gpu_type!r}: {count!r}}} is not a GPU type and how many of it there are")
    if len({gpu_type.casefold() for gpu_type in gpus}) < len(gpus):
        raise ConfigurationError(f"gpus={dict(gpus)!r} names a GPU type twice")
    whose = "" if organization == ORGANIZATION else f"_{organization}"
    return tuple(
        PoolConfiguration(gpu_type=t, gpus=count, id=f"pool_{t.lower()}{whose}", organization=organization)
        for t, count in gpus.items()
    )
