"""What real engines build and push, and what is left when they are stopped."""

import asyncio
import uuid
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from chamber.core.errors import DockerError
from chamber.core.redaction import Secret
from chamber.run.engines import Build
from chamber.run.errors import RegistryAuthError
from chamber.run.images.layers import plan_layers
from chamber.run.project.files import select
from chamber.run.targets import Registry

pytestmark = pytest.mark.engine


def _slow(base: str) -> str:
    """Says ``begun`` and waits. The name of the base is in the command, by which its container is found again."""
    return f'FROM {base}\nRUN ["python", "-uc", "import time; print(\'be\' \'gun\'); time.sleep(600)", "{base}"]\n'


async def _quietly(_line: str) -> None:
    pass


def _tag(registry: Registry, tag: str | None = None) -> str:
    """A new tag in one repository for all, so that the base is pushed once."""
    return f"{registry.prefix}/built:{tag or uuid.uuid4().hex}"


def _processes(word: str) -> list[str]:
    found = []
    for file in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            line = file.read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            continue
        if word in line:
            found.append(line)
    return found


async def test_what_is_built_is_pushed_with_the_login_and_runs(
    real: Any, base: str, guarded_registry: Registry, login_folder: Path
) -> None:
    said: list[str] = []

    async def say(line: str) -> None:
        said.append(line)

    word = uuid.uuid4().hex  # so that no earlier build is used again
    dockerfile = f'FROM {base}\nCOPY ["hello.txt", "/hello"]\nRUN ["sh", "-c", "cat /hello; cp /hello /copy"]\n'
    build = Build(tag=_tag(guarded_registry), dockerfile=dockerfile, context={"hello.txt": f"{word}\n".encode()})
    await real.engine.publish(build, guarded_registry, say)
    assert word in said
    assert real.run(build.tag, "cat", "/copy") == f"{word}\n"
    assert "very secret" not in "".join(said)


async def test_the_context_is_the_chosen_files_and_no_others(
    real: Any, base: str, open_registry: Registry, tmp_path: Path
) -> None:
    project = tmp_path / "project"
    (project / "pkg").mkdir(parents=True)
    for path, text in {"run.sh": "#!/bin/sh\necho ran", "pkg/.env": "KEY=1", "pkg/a.py": "", "big.bin": "x"}.items():
        (project / path).write_text(text)
    (project / "run.sh").chmod(0o755)
    (project / "link").symlink_to("pkg/a.py")
    (project / ".dockerignore").write_text("big.bin\n*.sh\n!run.sh\n")
    tree = plan_layers(project, select(project))
    dockerfile = f'FROM {base}\nCOPY . /srv\nRUN ["/srv/run.sh"]\n'
    build = Build(tag=_tag(open_registry), dockerfile=dockerfile, context=tree)
    await real.engine.publish(build, open_registry, _quietly)
    listed = real.run(build.tag, "sh", "-c", "cd /srv && find . | sort && readlink link")
    assert listed.split() == [".", "./link", "./pkg", "./pkg/a.py", "./run.sh", "pkg/a.py"]


async def test_a_failed_build_shows_its_last_lines_and_leaves_no_container(
    real: Any, base: str, open_registry: Registry
) -> None:
    dockerfile = f'FROM {base}\nRUN ["python", "-c", "raise SystemExit(\'the \' \'reason\')", "{base}"]\n'
    build = Build(tag=_tag(open_registry), dockerfile=dockerfile, context={})
    with pytest.raises(DockerError, match=r"could not build .*exit code(.|\n)*the reason"):
        await real.engine.publish(build, open_registry, _quietly)
    assert real.is_rid_of(base)


async def test_a_cancelled_build_leaves_neither_process_nor_container(
    real: Any, base: str, open_registry: Registry
) -> None:
    begun = asyncio.Event()

    async def say(line: str) -> None:
        if line == "begun":
            begun.set()

    mark = f"mark-{uuid.uuid4().hex}"
    build = Build(tag=_tag(open_registry, mark), dockerfile=_slow(base), context={})
    running = asyncio.ensure_future(real.engine.publish(build, open_registry, say))
    await asyncio.wait_for(begun.wait(), 120)
    assert _processes(mark)
    assert real.containers_of(base)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert _processes(mark) == _processes(base) == []
    assert real.is_rid_of(base)


async def test_a_build_that_says_nothing_is_stopped_and_leaves_nothing(
    real: Any, base: str, open_registry: Registry
) -> None:
    engine = replace(real.engine, build_idle=3.0)
    build = Build(tag=_tag(open_registry), dockerfile=_slow(base), context={})
    with pytest.raises(DockerError, match="no output for 3 s"):
        await engine.publish(build, open_registry, _quietly)
    assert real.is_rid_of(base)


async def test_a_wrong_password_is_an_error_of_the_registry(real: Any, base: str, guarded_registry: Registry) -> None:
    wrong = Registry(guarded_registry.prefix, "ada", "a wrong password")
    build = Build(tag=_tag(wrong), dockerfile=f"FROM {base}\nENV A=1\n", context={})
    with pytest.raises(RegistryAuthError, match="docker login") as refused:
        await real.engine.publish(build, wrong, _quietly)
    assert refused.value.registry == guarded_registry.prefix
    assert "a wrong password" not in str(refused.value)


async def test_without_the_cache_every_step_is_done_again(real: Any, base: str, open_registry: Registry) -> None:
    dockerfile = f'FROM {base}\nRUN ["sh", "-c", "echo it is done; cat /proc/sys/kernel/random/uuid > /id"]\n'
    build = Build(tag=_tag(open_registry), dockerfile=dockerfile, context={})
    ids = []
    for asked in (build, build, replace(build, no_cache=True)):
        await real.engine.publish(asked, open_registry, _quietly)
        ids.append(real.run(build.tag, "cat", "/id"))
    assert ids[0] == ids[1]
    assert ids[1] != ids[2]


async def test_a_secret_is_there_while_it_builds_and_in_no_layer(real: Any, base: str, open_registry: Registry) -> None:
    step = 'RUN --mount=type=secret,id=index ["sh", "-c", "test $(wc -c < /run/secrets/index) = 32 && echo found"]\n'
    value = uuid.uuid4().hex
    said: list[str] = []

    async def say(line: str) -> None:
        said.append(line)

    build = Build(tag=_tag(open_registry), dockerfile=f"FROM {base}\n{step}", context={}, no_cache=True)
    build = replace(build, secrets={"index": Secret(value)})
    if real.engine.kind == "docker":
        with pytest.raises(DockerError, match="buildx"):
            await real.engine.publish(build, open_registry, say)
        assert said == []
        return
    await real.engine.publish(build, open_registry, say)
    assert "found" in said
    assert real.run(build.tag, "sh", "-c", "ls /run/secrets 2>/dev/null | wc -l") == "0\n"
    assert value not in real.call("history", "--no-trunc", build.tag)
