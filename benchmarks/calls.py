"""Calls of the API beside the peers: one workload after the other, whole listings, many at once, and waiting."""

import functools
import statistics
from pathlib import Path

import measuring
import peers
import results
import serving
from measuring import Contestant, Rounds
from results import Row
from serving import Server

VENDOR, USUAL, FLOOR = "chamber-sdk", "httpx + pydantic", "a socket"
#: Ours with another event loop under it.
ON_UVLOOP = f"{results.OURS} on uvloop"
#: What ours is made with, and nothing around it.
LIBRARY = "aiohttp alone"
CLIENTS = Path(__file__).parent / "clients"
#: Who runs in another environment than ours: the program of each, and its Python.
ELSEWHERE = {"vendor": ("vendor", peers.peer), "usual": ("usual", peers.usual), "on_uvloop": ("ours", peers.on_uvloop)}
ROUNDS = 5
LATE = 5
#: How much dearer an item of a long listing may be, and how many MB it may take.
FLAT, MEMORY = 1.1, 5.0


def main(*chosen: str) -> None:
    """Measure each kind of call, or those that are chosen."""
    with serving.served(measuring.SERVER_CORE) as server:
        for name in chosen or MEASUREMENTS:
            results.record(f"calls.{name}", MEASUREMENTS[name](server), versions())


def get(server: Server) -> list[Row]:
    """One workload after the other."""
    count = 1000
    rounds = turns("get", server.url(1), count, blocking("get") | {LIBRARY: ("library", "get")})
    what = "one blocking get_workload, in sequence"
    return [
        results.row(what, rounds, VENDOR, least=2.5, count=count),
        results.row(what, rounds, VENDOR, least=3, measure="cpu", count=count),
        *on_uvloop(what, rounds, count),
    ]


def iterate(server: Server) -> list[Row]:
    """A listing as a whole."""
    count = 20_000
    rounds = turns("iterate", server.url(count), count, blocking("iterate"))
    what = "iterate 20,000 workloads, one item"
    return [
        results.row(what, rounds, VENDOR, least=3.5, count=count),
        results.row(what, rounds, VENDOR, least=4, measure="cpu", count=count),
        *on_uvloop(what, rounds, count),
    ]


def consume(server: Server) -> list[Row]:
    """A listing of a server that takes its time, by somebody who works on each item."""
    count = 10_000
    rounds = turns("consume", server.url(count, delay=LATE), count)
    what = f"iterate {count:,} workloads, {LATE} ms server delay, 50 µs of work on an item; one item"
    return [results.row(what, rounds, VENDOR, least=2, count=count)]


def many(server: Server) -> list[Row]:
    """Fifty at once."""
    count = 2000
    rounds = turns("many", server.url(1), count, everybody("many") | {LIBRARY: ("library", "many")})
    alone = f"{VENDOR} in sequence"
    late = turns(
        "many", server.url(1, delay=LATE), count, {results.OURS: ("ours", "many"), alone: ("vendor", "get")}, 3
    )
    what = "2,000 get_workloads, 50 at once (chamber-sdk: threads); one"
    return [
        results.row(what, rounds, VENDOR, least=5, count=count),
        results.row(what, rounds, VENDOR, measure="cpu", count=count),
        results.row(f"the same at {LATE} ms, beside one after the other; one", late, alone, least=35, count=count),
    ]


def wait(server: Server) -> list[Row]:
    """Requests until a thousand workloads have ended."""
    count, url = 1000, server.url(1000, dialect="waiting")
    server.requests()
    program("ours", "wait", url, count)
    ours = server.requests() - 20
    program("vendor", "wait", url, count)
    theirs = server.requests() - 20
    return [
        Row(
            what=f"wait_for_all on 1,000 workloads that end within {serving.LOOKS} looks",
            measure="requests",
            asked="at most 1/50",
            found=f"1/{theirs / ours:.0f}",
            reached=theirs >= 50 * ours,
            figures={results.OURS: f"{ours}", "one poll for each workload": f"{theirs}"},
        )
    ]


def growth(server: Server) -> list[Row]:
    """The same listing, a thousand times longer: whether its speed and the memory stay."""
    short, count = 1000, 1_000_000
    few = measuring.in_turn(
        {results.OURS: functools.partial(program, "ours", "grow", server.url(short), short)}, ROUNDS
    )
    many = program("ours", "grow", server.url(count), count)
    tenths = many.said["tenths"]
    first, last = statistics.median(tenths[:5]), statistics.median(tenths[5:])
    above = (many.peak - many.said["base"]) / 1e6
    what = f"iterate {count:,} workloads"
    figures = {
        f"all of {short:,}": results.told(few.middle(results.OURS, "cpu") / short),
        f"the first half of {count:,}": results.told(10 * first / count),
        "the second": results.told(10 * last / count),
    }
    return [
        Row(what, "CPU time of one item", "flat", f"{last / first:.2f}x the first half", last < FLAT * first, figures),
        Row(what, "memory", "at most 5 MB above its base", f"{above:.1f} MB", above <= MEMORY, {}),
    ]


MEASUREMENTS = {"growth": growth, "get": get, "iterate": iterate, "consume": consume, "many": many, "wait": wait}


def turns(
    scenario: str, url: str, count: int, chosen: dict[str, tuple[str, str]] | None = None, rounds: int = ROUNDS
) -> Rounds:
    """Rounds of one scenario by everybody, or of the chosen clients and their scenarios, in fresh processes."""
    contestants: dict[str, Contestant] = {
        name: functools.partial(program, file, act, url, count)
        for name, (file, act) in (chosen or everybody(scenario)).items()
    }
    return measuring.in_turn(contestants, rounds)


def everybody(scenario: str) -> dict[str, tuple[str, str]]:
    """Who takes part in a scenario, and the program and act of each."""
    files = {results.OURS: "ours", VENDOR: "vendor", USUAL: "usual", FLOOR: "floor"}
    return {name: (file, scenario) for name, file in files.items()}


def blocking(scenario: str) -> dict[str, tuple[str, str]]:
    """Who takes part in a scenario of blocking calls, which choose their loop themselves."""
    return everybody(scenario) | {ON_UVLOOP: ("on_uvloop", scenario)}


def on_uvloop(what: str, rounds: Rounds, count: int) -> list[Row]:
    """The rows of who has installed uvloop."""
    what = f"{what}, with chamber-core[uvloop]"
    return [
        results.row(what, rounds, VENDOR, count=count, ours=ON_UVLOOP),
        results.row(what, rounds, VENDOR, measure="cpu", count=count, ours=ON_UVLOOP),
    ]


def program(who: str, scenario: str, url: str, count: int) -> measuring.Sample:
    """One scenario in a fresh process of the environment that it is for."""
    file, python = ELSEWHERE.get(who, (who, peers.ours))
    return measuring.reported([python(), str(CLIENTS / f"{file}.py"), scenario, url, str(count)])


def versions() -> dict[str, str]:
    """Of everybody who takes part."""
    return {
        **peers.versions(peers.on_uvloop(), "chamber-core", "aiohttp", "msgspec", "uvloop"),
        **peers.versions(peers.peer(), "chamber-sdk", "requests"),
        **peers.versions(peers.usual(), "httpx", "pydantic"),
    }
