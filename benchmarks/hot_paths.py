"""What every user waits for, as small acts that take the same instructions each time: no threads, and no clock.

`instructions` runs this under valgrind: ``os.getpgrp`` is called before and after each act, and nowhere else, so the
instructions between one call and the next are those of the act.
"""

import asyncio
import gc
import importlib
import os
import random
import tempfile
from pathlib import Path

PLANNED_FILES, PACKED_FILES, PAGE = 200, 40, 100
#: The variable with the URL of a server that answers.
SERVER = "CHAMBER_BENCHMARK_SERVER"


def imports(_folder):
    """Import what a first `run()` imports."""
    return lambda: importlib.import_module("chamber.run.operations")


def legacy_page(_folder):
    """List 5 pages of 100 workloads, in the dialect of the reference."""
    return pages("legacy")


def documented_page(_folder):
    """List 5 pages of 100 workloads, in the other dialect."""
    return pages("documented")


def legacy_decoding(_folder):
    """Decode 20 pages of 100 workloads, in the dialect of the reference."""
    return decoding("legacy")


def documented_decoding(_folder):
    """Decode 20 pages of 100 workloads, in the other dialect."""
    return decoding("documented")


def handing(_folder):
    """Hand 100 pages of 100 items to a consumer that does not wait for their coming, each in one piece."""
    from chamber.core.pagination import each_item
    from chamber.core.portal import Rest

    items = list(range(PAGE))

    async def page(cursor):
        number = int(cursor or 1)
        return items, str(number + 1) if number < 100 else None

    async def taken():
        found, listing = 0, each_item(page)
        async for _ in listing:
            found += 1 + len(await listing.asend(Rest))
        return found

    return lambda: asyncio.run(taken())


def calls(_folder):
    """Get one workload 50 times, by the async client, over a transport that answers at once."""
    import serving

    made = client({"GET workloads/wl_1": serving.workload("wl_1", 1, "legacy")})
    return lambda: asyncio.run(each(lambda: made.get_workload("wl_1"), 50))


def exchanges(_folder):
    """Get 400 workloads, 50 at once, by the async client, of a server that answers before anybody can look."""
    from chamber.core import AsyncChamberClient

    async def work(made, names):
        for name in names:
            await made.get_workload(name)

    async def all_of_them():
        names = iter([f"wl_{number:024x}" for number in range(400)])
        async with AsyncChamberClient("ch.0123456789abcdef", os.environ[SERVER]) as made:
            await asyncio.gather(*(work(made, names) for _ in range(50)))

    return lambda: asyncio.run(all_of_them())


def retries(_folder):
    """Decide 500 times whether, and when, a call is tried again."""
    from chamber.core.retry import KEYED_WRITE, READ, Outcome, delay

    outcomes = [Outcome(503), Outcome(429, retry_after=2.0), Outcome(400), Outcome(sent=False), Outcome(502)]
    cases = [(policy, outcome) for policy in (READ, KEYED_WRITE) for outcome in outcomes] * 10
    return lambda: [delay(policy, outcome, turn, 60.0, 0.5) for policy, outcome in cases for turn in range(1, 6)]


def redactions(_folder):
    """Look through 100 lines of a log for secrets."""
    from chamber.core.redaction import Secret, redacted

    kept = [Secret(f"sesame-opens-{number}") for number in range(3)]
    lines = [f"step {number} loss 0.25 token {kept[number % 3].reveal()}" for number in range(100)]
    return lambda: [redacted(line) for line in lines]


def key_known(folder):
    """The content key of 200 files that an earlier run has read."""
    from chamber.run.images.layers import plan_layers
    from chamber.run.project.files import select

    project = written(folder, PLANNED_FILES)
    plan_layers(project, later(select(project)))
    return lambda: plan_layers(project, select(project)).content_key


def key_unknown(folder):
    """The content key of 40 files that nobody has read."""
    from chamber.run.images.layers import plan_layers
    from chamber.run.project.files import select

    project = written(folder, PACKED_FILES)
    return lambda: plan_layers(project, select(project), cached=False).content_key


def search(_folder):
    """Look for keys in 1 MB: in half of it as text, and in half as noise."""
    from chamber.run.project.secrets import kind_of_key

    text = b"    value = compute(argument, other)  # a line of code, as there are many\n" * 400
    noise = random.Random(0).randbytes(len(text))
    return lambda: [kind_of_key(part) for part in (text, noise) * 17]


def packing(folder):
    """A layer of 40 files, as compressed tar with both digests."""
    from chamber.run.images.layers import plan_layers
    from chamber.run.project.files import select

    project = written(folder, PACKED_FILES)
    layers = plan_layers(project, select(project), cached=False)
    return lambda: [layers.pack(layer).close() for layer in layers.layers]


def plans(folder):
    """A plan: settings, what the project is, environment, manifest."""
    from chamber.run.images.layers import plan_layers
    from chamber.run.planning.assembly import assemble
    from chamber.run.planning.facts import gather
    from chamber.run.settings import configuration

    project = written(folder, PACKED_FILES)

    def plan():
        settings, _ = configuration.resolve(project, {"team": "ml", "gpus": 4, "gpu_type": "H100"}, {})
        facts = gather(project, settings, None)
        layers = plan_layers(project, facts.selection, facts.generated, cached=False)
        return assemble(project, settings, facts, None, layers)

    return plan


def manifests(_folder):
    """A manifest of a job, built and written as YAML 10 times."""
    from chamber.run.job.manifest import Job, build, rendered
    from chamber.run.job.topology import Topology

    job = Job(
        name="char-model-1a2b3c4d",
        title="Char Model",
        project="char-model",
        team="ml",
        image="localhost:5000/char-model:0123456789abcdef",
        command=("python", "train.py", "--lr", "1e-3"),
        env={"A": "1", "B": "yes"},
        topology=Topology(2, 8),
        gpu_resource="nvidia.com/gpu",
        cpu="32",
        memory="256Gi",
        shm="64Gi",
    )
    return lambda: [rendered(build(job)) for _ in range(10)]


#: In this order; the first imports what the others need.
ACTS = {
    act.__name__: act
    for act in (
        imports,
        legacy_page,
        documented_page,
        legacy_decoding,
        documented_decoding,
        handing,
        calls,
        exchanges,
        retries,
        redactions,
        key_known,
        key_unknown,
        search,
        packing,
        plans,
        manifests,
    )
}


def main():
    """Do each act: twice, of which the second counts, but what is imported is imported once."""
    with tempfile.TemporaryDirectory() as home:
        os.environ["CHAMBER_CONFIG_DIR"] = home
        for act in ACTS.values():
            with tempfile.TemporaryDirectory() as folder:
                ready = act(Path(folder))
                if act is not imports:
                    ready()
                gc.collect()
                os.getpgrp()
                ready()
                os.getpgrp()


def pages(dialect):
    """Lists workloads of one dialect, by the async client."""
    import serving

    body = serving.page(0, PAGE, PAGE, dialect).encode()
    made = client({"GET workloads": body})
    return lambda: asyncio.run(each(lambda: made.list_workloads(limit=PAGE), 5))


def decoding(dialect):
    """Decodes pages of one dialect."""
    import serving

    from chamber.core.models import PaginatedResponse, Workload
    from chamber.core.wire import Answer, decode

    answer = Answer(200, {}, serving.page(0, PAGE, PAGE, dialect).encode(), "GET", "https://chamber.test/v1/workloads")
    return lambda: [decode(answer, PaginatedResponse[Workload]) for _ in range(20)]


def client(replies):
    """An async client over a transport that answers from a table."""
    from chamber.core.testing import RecordingTransport, Reply, recorded_async_client

    told = {call: Reply(body=body) if isinstance(body, bytes) else body for call, body in replies.items()}
    return recorded_async_client(RecordingTransport(told))


async def each(call, times):
    """Await one call after the other."""
    for _ in range(times):
        await call()


def written(folder, files):
    """A project of so many files of 2 kB."""
    (folder / "train.py").write_text("import torch\n\nprint(torch.cuda.device_count())\n", "utf-8")
    (folder / "requirements.txt").write_text("torch==2.5.1\nnumpy>=1.26\n", "utf-8")
    for number in range(files):
        file = folder / f"package_{number // 50}" / f"module_{number}.py"
        file.parent.mkdir(exist_ok=True)
        file.write_bytes(b"value = compute(argument, other)  # a line\n" * 48 + b"# %d\n" % number)
    return folder


def later(selection):
    """The selection as if it had been made long after its files were written, so that a cache relies on them."""
    from msgspec.structs import replace

    return replace(selection, at=selection.at + 60 * 10**9)


if __name__ == "__main__":
    main()
