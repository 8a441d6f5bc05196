"""What a type checker sees of `run()` and `plan()`, on both faces."""

from typing import assert_type

from chamber.core import AsyncChamberClient, ChamberClient
from chamber.core.models import Workload
from chamber.run import DryRunResult


def blocking(client: ChamberClient, dry: bool) -> None:
    assert_type(client.run("p", 4, "H100", "ml", wait=True, env={"A": "1"}), Workload)
    assert_type(client.run("p", dry_run=True), DryRunResult)
    assert_type(client.run("p", dry_run=False), Workload)
    assert_type(client.run("p", dry_run=dry), Workload | DryRunResult)
    assert_type(client.plan("p", 4, "H100", "ml", "name", "train.py", ["--lr", "1"]), DryRunResult)
    assert_type(client.list_registries(), dict[str, str])
    assert_type(ChamberClient.get_default_registry(), tuple[str, str] | None)


async def awaiting(client: AsyncChamberClient, dry: bool) -> None:
    assert_type(await client.run("p", team="ml"), Workload)
    assert_type(await client.run("p", dry_run=True), DryRunResult)
    assert_type(await client.run("p", dry_run=dry), Workload | DryRunResult)
    assert_type(await client.plan("p"), DryRunResult)
