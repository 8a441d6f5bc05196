"""What an embedded Chamber answers and decides in a second, with many workloads: ``hatch run bench local``.

Pages are timed through the API, one request after another over one connection, and at the storage, where the same
pages are found without HTTP; there the time of the processor is told too, which other programs do not lengthen. The
history is made up, and the same each time. Milliseconds; the percentiles are of `ROUNDS` pages for each question.
"""

import http.client
import json
import random
import sqlite3
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from chamber.local import LocalChamber
from chamber.local.scheduling.organisation import Grant, Organisation
from chamber.local.scheduling.scheduler import State, decide
from chamber.local.storage import queries, workloads
from chamber.local.storage import statistics as sums
from chamber.local.storage.masks import Connection
from chamber.local.storage.migrations import migrate
from chamber.local.storage.queries import Cut, Filter
from chamber.local.workloads import Claim, JobClass, Pool, Reservation, Status, Workload

SIZES, ROUNDS = (1_000, 10_000, 100_000), 40
TEAMS = tuple(f"init_{n}" for n in range(12))
ENDS = (Status.COMPLETED,) * 7 + (Status.FAILED, Status.FAILED, Status.CANCELLED, Status.PREEMPTED)
NOUNS = ("llama", "resnet", "whisper", "protein", "ranking", "ocr", "tabular", "diffusion")

Question = tuple[str, str, dict[str, object] | None]


def main() -> None:
    """Print pages by percentile, requests per second and decisions per second for each number of workloads."""
    for size in SIZES:
        with tempfile.TemporaryDirectory() as folder:
            measure(size, Path(folder))
    for size in SIZES:
        print(decisions(size))


def measure(size: int, folder: Path) -> None:
    """One number of workloads."""
    started = time.perf_counter()
    fill(folder / "chamber.sqlite3", size)
    print(f"\n{size} workloads, written in {time.perf_counter() - started:.1f} s; milliseconds p50 / p95 / p99")
    with sqlite3.connect(folder / "chamber.sqlite3", factory=Connection) as connection:
        connection.row_factory = sqlite3.Row
        for name, ask in stored(connection):
            print(f"  storage  {name:30} {percentiles(ask)}   processor {percentiles(ask, time.thread_time)}")
    connection.close()
    with LocalChamber(executor="simulated", data_dir=folder) as chamber:
        served(chamber)


def served(chamber: LocalChamber) -> None:
    """Pages through the API, and requests per second."""
    connection = http.client.HTTPConnection(chamber.registry)
    headers = {"Authorization": f"Bearer {chamber.token}"}

    def ask(method: str, path: str, body: dict[str, object] | None) -> None:
        connection.request(method, f"/v1{path}", None if body is None else json.dumps(body), headers)
        answer = connection.getresponse()
        content = answer.read()
        assert answer.status < 300, content

    for method, path, body in questions():
        told = path + (f" {json.dumps(body)}" if body else "")
        print(f"  API      {told[:64]:64} {percentiles(lambda m=method, p=path, b=body: ask(m, p, b))}")
    submission = {"name": "job", "initiative_id": chamber.team, "gpu_type": "H100"}
    for name, call in (
        ("GET /workloads", lambda: ask("GET", "/workloads", None)),
        ("POST /workloads", lambda: ask("POST", "/workloads", submission)),
    ):
        print(f"  {name}: {rate(call):.0f} requests per second over one connection")
    connection.close()


def questions() -> Iterator[Question]:
    """Requests: listings, each filter, searches with words, counts, and sums."""
    yield "GET", "/workloads", None
    yield "GET", "/workloads?limit=100", None
    for query in ("status=completed", "status=running,queued", "status=completed,failed", "initiative_id=init_3"):
        yield "GET", f"/workloads?{query}", None
    yield "GET", "/workloads?submitted_by=user7&status=failed", None
    yield "GET", "/workloads?start_date=2024-03-01&end_date=2024-03-08", None
    for body in searches():
        yield "POST", "/workloads/search", body
    for query in ("status", "gpu_type&status=failed", "initiative_id&submitted_from=2024-03-20"):
        yield "GET", f"/workloads/aggregations?dimension={query}", None
    for query in ("start_date=2024-03-24&end_date=2024-04-01", "start_date=2020-01-01"):
        yield "GET", f"/workloads/stats?time_range=custom&{query}", None
    yield "GET", "/workloads/stats?time_range=custom&start_date=2024-03-24&group_by=submitted_by,initiative_id", None


def searches() -> Iterator[dict[str, object]]:
    """Bodies of searches."""
    yield {}
    yield {"query": "whisper-4711"}
    yield {"query": "whisper night"}
    yield {"query": "protein", "status": ["completed"]}
    yield {"query": "train"}
    yield {"query": "a1"}
    yield {"job_class": ["ELASTIC"]}
    yield {"gpu_type": ["a100", "L4"]}
    yield {"capacity_pool_id": ["pool_h100"], "sort_by": "completed_at"}
    yield {"priority": {"min": 90}}
    yield {"requested_gpus": {"min": 8}, "sort_by": "priority"}
    for sort_by in ("name", "started_at", "status", "gpu_type", "requested_gpus"):
        yield {"sort_by": sort_by, "sort_order": "asc", "status": ["failed"]}


def stored(connection: sqlite3.Connection) -> Iterator[tuple[str, Callable[[], object]]]:
    """The same at the storage."""
    asked = {
        "all": Filter(),
        "status": Filter(status=(Status.COMPLETED,)),
        "two statuses": Filter(status=(Status.COMPLETED, Status.FAILED)),
        "team": Filter(initiative_id=("init_3",)),
        "word, few": Filter(query="whisper-4711"),
        "word, an eighth": Filter(query="protein"),
        "word, all": Filter(query="train"),
        "two letters": Filter(query="a1"),
    }
    now = datetime(2024, 4, 1, tzinfo=UTC)
    for name, days in (("a week", 7), ("everything", 1000)):
        chosen = Filter(submitted_from=now - timedelta(days=days))
        yield f"sums of {name}", lambda chosen=chosen: sums.overview(connection, chosen, now)
        yield f"counts of {name}", lambda chosen=chosen: queries.count_by(connection, "initiative_id", chosen)
    for name, chosen in asked.items():
        yield name, lambda chosen=chosen: queries.page(connection, chosen, Cut())
    yield "unfinished, for the scheduler", lambda: workloads.claims(connection)


def percentiles(ask: Callable[[], object], clock: Callable[[], float] = time.perf_counter) -> str:
    """p50 / p95 / p99 in milliseconds."""
    taken = []
    for _ in range(ROUNDS):
        started = clock()
        ask()
        taken.append((clock() - started) * 1000)
    cuts = statistics.quantiles(taken, n=100, method="inclusive")
    return f"{cuts[49]:7.2f} {cuts[94]:7.2f} {cuts[98]:7.2f}"


def rate(ask: Callable[[], object], seconds: float = 1.0) -> float:
    """Calls in a second."""
    started, count = time.perf_counter(), 0
    while (taken := time.perf_counter() - started) < seconds:
        ask()
        count += 1
    return count / taken


def fill(path: Path, size: int) -> None:
    """A database with a history of 90 days, in which 40 workloads have not ended."""
    chance = random.Random(7)
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("BEGIN")
    migrate(connection)
    for number in range(size):
        workloads.add(connection, workload(chance, number, size))
    connection.execute("COMMIT")
    connection.close()


def workload(chance: random.Random, number: int, size: int) -> Workload:
    """One of a history."""
    at = datetime(2024, 1, 1, tzinfo=UTC) + timedelta(days=90) * (number / size)
    gpu_type = chance.choice(["H100", "H100", "A100", "L4"])
    over = number < size - 40
    noun = chance.choice(NOUNS)
    return Workload(
        id=f"wl_{number:024x}",
        name=f"train-{noun}-{number}",
        status=chance.choice(ENDS) if over else Status.QUEUED,
        initiative_id=chance.choice(TEAMS),
        gpu_type=gpu_type,
        requested_gpus=float(chance.choice([1, 1, 2, 4, 8])),
        job_class=chance.choice([JobClass.RESERVED, JobClass.ELASTIC]),
        priority=chance.choice([10, 50, 50, 90, 100]),
        submitted_by=f"user{chance.randrange(40)}",
        submitted_at=at,
        started_at=at + timedelta(seconds=chance.random() * 60) if over else None,
        completed_at=at + timedelta(seconds=60 + chance.random() * 7200) if over else None,
        external_id=f"run-{chance.getrandbits(32):08x}",
        tags={"when": chance.choice(["night", "day"]), "sweep": str(number % 97)},
        capacity_pool_id=f"pool_{gpu_type.lower()}",
        waiting_reason=None if over else "waits",
    )


def decisions(size: int) -> str:
    """Decisions in a second where so many workloads wait for 1,024 GPUs of four teams."""
    chance = random.Random(7)
    pools = tuple(Pool(f"pool_{n}", f"{n}", "H100", 512) for n in range(2))
    there = Organisation(
        pools=pools,
        reservations=tuple(Reservation(f"res_{p.id}", p.id, 384, "top") for p in pools),
        grants=tuple(Grant(f"a{n}", f"team_{n}", f"res_pool_{n % 2}", 64) for n in range(4)),
        parents={"top": None, **{f"team_{n}": "top" for n in range(4)}},
    )
    kinds = [JobClass.RESERVED, JobClass.ELASTIC]
    claims = tuple(
        Claim(f"w{n}", n, Status.PENDING, f"team_{n % 4}", "H100", float(chance.randint(1, 8)), kinds[n % 2], n % 7)
        for n in range(size)
    )
    state, started = State(organisation=there, claims=claims), time.perf_counter()
    made = len(decide(state, datetime(2024, 1, 1, tzinfo=UTC)))
    taken = time.perf_counter() - started
    return (
        f"{size:7} workloads: {made / taken:9.0f} decisions per second, {taken * 1e6 / size:5.1f} µs for each workload"
    )
