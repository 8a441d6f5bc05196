import asyncio
import os
from pathlib import Path

from filelock import FileLock

from chamber.run.turns import clear, turn


async def test_one_at_a_time_and_who_waited_is_told() -> None:
    order: list[str] = []
    inside = asyncio.Event()
    leave = asyncio.Event()

    async def first() -> None:
        async with turn("image") as waited:
            order.append(f"first {waited}")
            inside.set()
            await leave.wait()
            order.append("first leaves")

    async def second() -> None:
        await inside.wait()
        async with turn("image") as waited:
            order.append(f"second {waited}")

    async def other() -> None:
        await inside.wait()
        async with turn("another image") as waited:
            order.append(f"other {waited}")
        leave.set()

    async with asyncio.TaskGroup() as group:
        for task in (first(), second(), other()):
            group.create_task(task)
    assert order == ["first False", "other False", "first leaves", "second True"]


async def test_a_turn_ends_with_an_error_too() -> None:
    try:
        async with turn("image"):
            raise InterruptedError
    except InterruptedError:
        pass
    async with turn("image") as waited:
        assert not waited


async def test_where_no_lock_can_be_kept_there_is_no_waiting(own_settings: Path) -> None:
    own_settings.write_text("a file in the place of the folder")
    async with turn("image") as waited, turn("image") as again:
        assert not waited
        assert not again


async def test_no_file_is_left_of_a_turn(own_settings: Path) -> None:
    folder = own_settings / "cache" / "turns"
    async with turn("image"):
        assert len(list(folder.iterdir())) == 1
    assert list(folder.iterdir()) == []


def test_the_file_of_a_turn_whose_process_was_killed_is_cleared(own_settings: Path) -> None:
    folder = own_settings / "cache" / "turns"
    clear()
    folder.mkdir(parents=True)
    killed, young, held = (folder / f"{name}.lock" for name in ("killed", "young", "held"))
    for file in (killed, young, held):
        file.touch()
    for file in (killed, held):
        os.utime(file, (0, 0))
    with FileLock(held):
        clear()
        assert {file.name for file in folder.iterdir()} == {young.name, held.name}
