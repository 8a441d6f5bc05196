"""Who is there and what there is: teams, pools of GPUs, reservations, allocations, budgets and secrets."""

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import msgspec
import yaml

from chamber.core.errors import ConfigurationError
from chamber.local.secrets import Secrets, check_private, secrets_of
from chamber.local.users import ORGANIZATION
from chamber.local.workloads import Pool, Reservation

__all__ = [
    "AllocationConfiguration",
    "Configuration",
    "PoolConfiguration",
    "ReservationConfiguration",
    "TeamConfiguration",
    "configured",
    "read",
]

_NO_SECRETS: Secrets = {}


class TeamConfiguration(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A team; `parent` is the id of the one above it, `gpu_hours` its budget for each calendar month (UTC).

    Without an `organization` it belongs to the one that is there from the beginning.
    """

    id: str
    name: str | None = None
    parent: str | None = None
    gpu_hours: float | None = None
    organization: str | None = None


class PoolConfiguration(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """GPUs of one type; without an `id` it is ``pool_<type>``.

    It is for one `organization` alone, by default the one that is there from the beginning, or `shared` by all.
    """

    gpu_type: str
    gpus: int
    id: str | None = None
    name: str | None = None
    organization: str | None = None
    shared: bool = False

    @property
    def owner(self) -> str | None:
        """The organization that it is for; None: it is shared."""
        return None if self.shared else self.organization or ORGANIZATION


class ReservationConfiguration(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """GPUs of a pool (by its id) that are kept for a team and the teams below it; without a team, for all."""

    id: str
    pool: str
    gpus: int
    team: str | None = None


class AllocationConfiguration(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """GPUs of a reservation (by its id) that are given to a team."""

    id: str
    team: str
    reservation: str
    gpus: int


class Configuration(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """All of it. Without reservations, every team may use all GPUs of every pool for RESERVED work."""

    pools: tuple[PoolConfiguration, ...] = ()
    teams: tuple[TeamConfiguration, ...] = ()
    reservations: tuple[ReservationConfiguration, ...] = ()
    allocations: tuple[AllocationConfiguration, ...] = ()
    secrets: Secrets = {}

    def physical(self) -> tuple[Pool, ...]:
        """The pools."""
        return tuple(
            Pool(_pool_id(p), p.name or f"local {p.gpu_type}", p.gpu_type, p.gpus, p.owner) for p in self.pools
        )

    def reserved(self) -> tuple[Reservation, ...]:
        """The reservations."""
        return tuple(Reservation(r.id, r.pool, r.gpus, r.team) for r in self.reservations)

    def budgets(self) -> dict[str, float]:
        """The GPU-hours of a month of the teams that have a budget."""
        return {team.id: team.gpu_hours for team in self.teams if team.gpu_hours is not None}


def read(path: Path) -> Configuration:
    """The configuration in a YAML file, for its owner alone if it has secrets in it. Raises ConfigurationError."""
    try:
        content = yaml.safe_load(path.read_text("utf-8"))
        if isinstance(content, dict) and content.get("secrets"):
            check_private(path, content["secrets"])
    except yaml.YAMLError as error:
        raise ConfigurationError(f"{path} is not YAML{_place(error)}") from error
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{path} cannot be read: {error}") from error
    return configured({} if content is None else content, str(path))


def _place(error: yaml.YAMLError) -> str:
    """Where; what stands there may be secret."""
    if isinstance(error, yaml.MarkedYAMLError) and error.problem_mark is not None:
        return f" in line {error.problem_mark.line + 1}: {error.problem}"
    return ""


def configured(content: Mapping[str, Any], where: str) -> Configuration:
    """The configuration in plain values or in Structs, when it is sound. Raises ConfigurationError."""
    said, secrets = content, _NO_SECRETS
    if isinstance(content, Mapping):
        said = {name: value for name, value in content.items() if name != "secrets"}
        secrets = secrets_of(content.get("secrets") or {}, where)
    try:
        configuration = msgspec.convert(msgspec.to_builtins(said), Configuration)
    except (msgspec.ValidationError, TypeError) as error:
        raise ConfigurationError(
            f"{where}: {error}; it has pools, teams, reservations, allocations and secrets"
        ) from error
    configuration = msgspec.structs.replace(configuration, secrets=secrets)
    problem = next(iter(_problems(configuration)), None)
    if problem:
        raise ConfigurationError(f"{where}: {problem}")
    return configuration


def _problems(configuration: Configuration) -> Iterable[str]:
    yield from _repeated(configuration)
    yield from _negative(configuration)
    yield from _unknown(configuration)
    yield from _circles({team.id: team.parent for team in configuration.teams})
    yield from _foreign(configuration)
    yield from _overcommitted(configuration)


def _repeated(all_of: Configuration) -> Iterable[str]:
    pools = [_pool_id(pool) for pool in all_of.pools]
    for what, ids in (
        ("pool", pools),
        ("team", [team.id for team in all_of.teams]),
        ("reservation or allocation", [held.id for held in _held(all_of)]),
    ):
        yield from (f"the {what} id {name!r} is there twice" for name, count in Counter(ids).items() if count > 1)


def _negative(all_of: Configuration) -> Iterable[str]:
    counts = [p.gpus for p in all_of.pools] + [held.gpus for held in _held(all_of)]
    yield from (f"{gpus} GPUs are fewer than none" for gpus in counts if gpus < 0)
    yield from (f"team {team} has gpu_hours below 0" for team, hours in all_of.budgets().items() if hours < 0)


def _unknown(all_of: Configuration) -> Iterable[str]:
    teams = {team.id for team in all_of.teams} | {"init_local"}
    pools, kept = {_pool_id(pool) for pool in all_of.pools}, {one.id for one in all_of.reservations}
    for reservation in all_of.reservations:
        if reservation.pool not in pools:
            yield f"reservation {reservation.id} is of pool {reservation.pool!r}; there is {', '.join(sorted(pools))}"
    for allocation in all_of.allocations:
        if allocation.reservation not in kept:
            yield f"allocation {allocation.id} is of reservation {allocation.reservation!r}, which is not there"
    named = [team.parent for team in all_of.teams] + [held.team for held in _held(all_of)]
    yield from (
        f"there is no team {team!r}; there is {', '.join(sorted(teams))}"
        for team in named
        if team and team not in teams
    )


def _foreign(all_of: Configuration) -> Iterable[str]:
    """What would lend something of one organization to another."""
    yield from (
        f"pool {_pool_id(p)} is shared, and of an organization" for p in all_of.pools if p.shared and p.organization
    )
    of = {team.id: team.organization or ORGANIZATION for team in all_of.teams}
    owners = {_pool_id(pool): pool.owner for pool in all_of.pools}
    of_reservations = {one.id: owners[one.pool] for one in all_of.reservations if one.pool in owners}
    for what, team, owner in (
        *((f"team {t.id}", t.parent, of[t.id]) for t in all_of.teams),
        *((f"reservation {r.id}", r.team, owners.get(r.pool)) for r in all_of.reservations),
        *((f"allocation {a.id}", a.team, of_reservations.get(a.reservation)) for a in all_of.allocations),
    ):
        if team and owner and of.get(team, ORGANIZATION) != owner:
            yield f"{what} is of the organization {owner}, and team {team} is of {of.get(team, ORGANIZATION)}"


def _circles(parents: Mapping[str, str | None]) -> Iterable[str]:
    for team in parents:
        seen, above = {team}, parents[team]
        while above is not None and above not in seen:
            seen.add(above)
            above = parents.get(above)
        if above is not None:
            yield f"team {team} is above itself"


def _overcommitted(all_of: Configuration) -> Iterable[str]:
    for pool in all_of.pools:
        kept = sum(r.gpus for r in all_of.reservations if r.pool == _pool_id(pool))
        if kept > pool.gpus:
            yield f"{kept} GPUs of pool {_pool_id(pool)} are reserved, and it has {pool.gpus}"
    for reservation in all_of.reservations:
        given = sum(a.gpus for a in all_of.allocations if a.reservation == reservation.id)
        if given > reservation.gpus:
            yield f"{given} GPUs of reservation {reservation.id} are allocated, and it has {reservation.gpus}"


def _held(all_of: Configuration) -> tuple[ReservationConfiguration | AllocationConfiguration, ...]:
    return (*all_of.reservations, *all_of.allocations)


def _pool_id(pool: PoolConfiguration) -> str:
    whose = "" if pool.owner in {None, ORGANIZATION} else f"_{pool.owner}"
    return pool.id or f"pool_{re.sub(r'[^a-z0-9]+', '_', f'{pool.gpu_type}{whose}'.lower())}"
