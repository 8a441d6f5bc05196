import hashlib
import json
import shlex
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from chamber.run.images.environment import Environment, index_host
from chamber.run.project.files import GeneratedFile
from chamber.run.targets import BaseImage

BASE = BaseImage("docker.io/library/python:3.12-slim")
TUNED = BaseImage("nvcr.io/nvidia/pytorch:25.01-py3")
MARKER = BaseImage("chamber.local/python:latest", recipe=True)
FOLDER = "opt/chamber/environment"
HASH = f"--hash=sha256:{'0' * 64}"
FULL = Environment(
    base=BASE,
    requirements_file="requirements.txt",
    files={"requirements.txt": b"-c pins.txt\nsix", "pins.txt": b"six==1.17.0"},
    requirements=("numpy>=1.26",),
    apt_packages=("git", "curl"),
    pre_build_commands=("echo 'a' \\",),
    post_build_commands=("echo $HOME\nFROM evil",),
)
LOCKED = Environment(
    base=BASE,
    requirements_file="requirements.locked.txt",
    files={"requirements.locked.txt": f"torch==2.8.0 {HASH}\nsix==1.17.0 {HASH}\n".encode()},
    locked=True,
)
COMMAND = ("python", "train.py", "--name", 'a "b"')

anything = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=12)
packages = st.sampled_from(["git", "curl", "libgl1", "vim"])
environments = st.builds(
    Environment,
    base=st.sampled_from([BASE, TUNED, BaseImage("ghcr.io/a/b:1")]),
    requirements_file=st.just("requirements.txt"),
    files=st.dictionaries(anything, anything.map(str.encode), max_size=2).map(
        lambda more: {**more, "requirements.txt": b"six"}
    ),
    requirements=st.lists(anything, max_size=2).map(tuple),
    apt_packages=st.lists(packages, max_size=3, unique=True).map(tuple),
    pre_build_commands=st.lists(anything, max_size=2).map(tuple),
    post_build_commands=st.lists(anything, max_size=2).map(tuple),
    platform=st.sampled_from(["linux/amd64", "linux/arm64"]),
    index=st.sampled_from([None, "pypi.acme.example"]),
    locked=st.booleans(),
)


def _content(environment: Environment) -> object:
    """What an environment is, said in another way than its key says it."""
    return (
        environment.base,
        environment.platform,
        environment.index,
        environment.locked,
        sorted(environment.files.items()),
        environment.requirements,
        set(environment.debian_packages),
        environment.pre_build_commands,
        environment.post_build_commands,
    )


def test_a_base_alone_needs_nothing() -> None:
    assert Environment(base=BASE).is_base_alone
    assert not FULL.is_base_alone
    assert not Environment(base=BASE, apt_packages=("git",)).is_base_alone


@given(one=environments, two=environments)
def test_the_key_changes_exactly_when_an_input_does(one: Environment, two: Environment) -> None:
    assert (one.key == two.key) is (_content(one) == _content(two))
    assert len(one.key) == 16


@given(environments)
def test_the_key_does_not_know_the_order_of_files_and_debian_packages(environment: Environment) -> None:
    reordered = replace(
        environment,
        files=dict(reversed(environment.files.items())),
        apt_packages=(*reversed(environment.apt_packages), *environment.apt_packages[:1]),
    )
    assert reordered.key == environment.key
    for buildkit in (True, False):
        assert reordered.build_dockerfile(buildkit=buildkit) == environment.build_dockerfile(buildkit=buildkit)


@given(environments)
def test_the_inputs_are_what_the_key_is_made_of(environment: Environment) -> None:
    text = json.dumps(environment.inputs, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    assert json.loads(text) == environment.inputs
    assert environment.key == hashlib.sha256(text.encode()).hexdigest()[:16]


@pytest.mark.parametrize(
    "change",
    [
        {"base": BaseImage("docker.io/library/python:3.13-slim")},
        {"files": {"requirements.txt": b"-c pins.txt\nsix", "pins.txt": b"six==1.16.0"}},
        {"files": {"requirements.txt": b"-c pins.txt\nsix", "other.txt": b"six==1.17.0"}},
        {"requirements": ("numpy>=1.27",)},
        {"apt_packages": ("git",)},
        {"pre_build_commands": ()},
        {"post_build_commands": ("true",)},
        {"pre_build_commands": FULL.post_build_commands, "post_build_commands": FULL.pre_build_commands},
        {"platform": "linux/arm64"},
        {"index": "pypi.acme.example"},
    ],
)
def test_the_key_changes_with_each_input(change: dict[str, Any]) -> None:
    assert replace(FULL, **change).key != FULL.key


def test_the_python_of_a_project_is_an_input_of_recipes_alone() -> None:
    assert replace(FULL, requires_python=">=3.11").key == FULL.key
    recipe = replace(FULL, base=MARKER)
    assert replace(recipe, requires_python=">=3.11").key != recipe.key


@given(environment=environments, buildkit=st.booleans())
def test_no_text_breaks_out_of_its_instruction(parsed: Any, environment: Environment, buildkit: bool) -> None:
    for text in (environment.build_dockerfile(buildkit=buildkit), environment.dockerfile(COMMAND)):
        instructions = parsed(text)
        commands = [one.words[2] for one in instructions if one.name == "RUN" and one.words[0] == "/bin/sh"]
        commands = commands[1:] if environment.apt_packages or environment.debian_packages else commands
        assert tuple(commands) == (*environment.pre_build_commands, *environment.post_build_commands)
        assert [one.name for one in instructions].count("FROM") == 1
        pips = [
            one.words for one in instructions if one.name == "RUN" and one.words[-1:] == environment.requirements[-1:]
        ]
        assert not environment.requirements or any(
            words[-len(environment.requirements) :] == environment.requirements for words in pips
        )


def test_without_buildkit_there_is_nothing_but_plain_instructions(parsed: Any) -> None:
    instructions = parsed(replace(FULL, base=BaseImage("ghcr.io/a/b:1")).build_dockerfile(buildkit=False))
    assert not any(one.flags for one in instructions)
    assert [one.name for one in instructions] == (
        ["FROM", "RUN", "RUN", "WORKDIR", "COPY", "RUN", "RUN", "RUN", "WORKDIR", "RUN"]
    )
    constrained = ("pip", "install", "--no-cache-dir", "-c", "/opt/chamber/constraints.txt")
    assert instructions[6].words[-7:] == (*constrained, "-r", "requirements.txt")
    assert instructions[7].words[-6:] == (*constrained, "numpy>=1.26")
    assert "PIP_BREAK_SYSTEM_PACKAGES=1" in instructions[6].words


def test_the_slim_base_has_nothing_to_protect() -> None:
    assert "constraints" not in FULL.build_dockerfile(buildkit=False)


def test_buildkit_keeps_what_was_downloaded_out_of_the_layers(parsed: Any) -> None:
    instructions = parsed(FULL.build_dockerfile(buildkit=True))
    apt, pip = instructions[1], instructions[5]
    assert all("sharing=locked" in flag for flag in apt.flags)
    assert {
        "--mount=type=cache,target=/var/cache/chamber/pip",
        "--mount=type=cache,target=/var/cache/chamber/uv",
    } == set(pip.flags)
    assert "--no-cache-dir" not in pip.words
    assert "syntax" not in FULL.build_dockerfile(buildkit=True)


def test_the_context_holds_the_dependency_files_alone() -> None:
    assert FULL.context == {f"environment/{path}": content for path, content in FULL.files.items()}
    assert Environment(base=BASE).context == {}


def test_the_complete_dockerfile_starts_from_the_projects_directory(parsed: Any) -> None:
    instructions = parsed(FULL.dockerfile(COMMAND))
    copies = [one.words for one in instructions if one.name == "COPY"]
    assert copies == [("pins.txt", "pins.txt"), ("requirements.txt", "requirements.txt"), (".", "/app/")]
    assert instructions[-1].words == COMMAND


def test_a_project_without_dependencies_has_a_dockerfile_of_four_lines() -> None:
    assert Environment(base=BASE).dockerfile(("python", "train.py")).splitlines() == [
        "FROM docker.io/library/python:3.12-slim",
        "WORKDIR /app",
        'COPY [".","/app/"]',
        'CMD ["python","train.py"]',
    ]


def test_what_is_put_beside_the_project_is_in_the_complete_dockerfile_too(parsed: Any) -> None:
    command = GeneratedFile(".chamber/bin/acme", b"print(1)\n", 0o755)
    paths = {"PATH": "/app/.chamber/bin", "PYTHONPATH": "/app/src:/app/.chamber/site"}
    write, *variables, _ = parsed(Environment(base=TUNED).dockerfile(COMMAND, generated=[command], search_paths=paths))[
        -4:
    ]
    assert write.words[-4:] == (".chamber/bin/acme", "w", "print(1)\n", "755")
    assert [one.words for one in variables] == [
        ('PATH="/app/.chamber/bin${PATH:+:$PATH}"',),
        ('PYTHONPATH="/app/src:/app/.chamber/site${PYTHONPATH:+:$PYTHONPATH}"',),
    ]


def test_dependency_files_with_odd_names_are_written_into_the_complete_dockerfile(parsed: Any) -> None:
    odd = replace(FULL, files={**FULL.files, "a $b.txt": b"six\n"})
    writes = [one.words[-4:] for one in parsed(odd.dockerfile(COMMAND)) if "six\n" in one.words]
    assert writes == [("a $b.txt", "w", "six\n", "644")]


@given(arguments=st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")).map(shlex.quote))
def test_the_command_of_the_dockerfile_is_the_command_line(parsed: Any, arguments: str) -> None:
    words = ("python", "train.py", *shlex.split(arguments))
    assert parsed(Environment(base=BASE).dockerfile(words))[-1].words == words


def test_a_lock_file_is_installed_by_uv_without_resolving(parsed: Any) -> None:
    instructions = parsed(LOCKED.build_dockerfile(buildkit=False))
    bootstrap, install = instructions[-2:]
    assert bootstrap.words[-3:] == ("--target", "/opt/chamber/uv", "uv>=0.13.9")
    options = ("--python", "python", "--break-system-packages", "--no-deps", "--require-hashes", "--no-cache")
    start = install.words.index("/opt/chamber/uv/bin/uv")
    assert install.words[start:] == (
        *("/opt/chamber/uv/bin/uv", "pip", "install", *options, "-r", "requirements.locked.txt"),
    )


def test_hashes_are_not_required_of_those_who_have_none() -> None:
    file = {"requirements.locked.txt": f"a==1 {HASH}\nb @ git+https://a.example/b@c".encode()}
    text = replace(LOCKED, files=file).build_dockerfile(buildkit=True)
    assert "--no-deps" in text
    assert "--require-hashes" not in text


def test_a_tuned_base_keeps_its_framework_against_a_lock_file() -> None:
    tuned = replace(LOCKED, base=TUNED)
    assert tuned.context == {"environment/requirements.locked.txt": f"six==1.17.0 {HASH}\n".encode()}
    assert tuned.left_out == {"torch": "torch==2.8.0"}
    (warning,) = tuned.warnings
    assert "torch==2.8.0 of the lock file is left out" in warning
    assert "ships torch 2.6.0a0" in warning
    assert not LOCKED.warnings
    assert not LOCKED.left_out


def test_a_lock_file_is_no_file_of_the_project_and_is_written_into_the_complete_dockerfile(parsed: Any) -> None:
    instructions = parsed(LOCKED.dockerfile(COMMAND))
    assert [one.words for one in instructions if one.name == "COPY"] == [(".", "/app/")]
    content = LOCKED.files["requirements.locked.txt"].decode()
    assert any(content in one.words for one in instructions)


@pytest.mark.parametrize("base", [BASE, TUNED])
def test_a_private_index_is_a_secret_mount_and_nothing_else(parsed: Any, base: BaseImage) -> None:
    private = replace(
        LOCKED, base=base, requirements=("six",), index=index_host("https://me:pw@Pypi.acme.example:8443/simple")
    )
    assert private.secret_ids == ("pip_index_url",)
    assert private.index == "pypi.acme.example:8443"
    text = private.build_dockerfile(buildkit=True)
    installs = [one for one in parsed(text) if one.name == "RUN" and "install" in one.words]
    assert len(installs) == 3
    mount = "--mount=type=secret,id=pip_index_url,target=/run/secrets/pip_index_url,required=true"
    assert all(mount in one.flags for one in installs)
    assert "acme" not in text
    assert "ARG" not in text
    assert "type=secret" in private.dockerfile(COMMAND)


def test_an_index_is_no_secret_where_nothing_is_installed() -> None:
    assert Environment(base=BASE, index="pypi.acme.example").secret_ids == ()
    assert index_host(None) is None


@pytest.mark.parametrize(
    "change",
    [
        {"files": {"requirements.txt": b"a @ git+https://a.example/b"}},
        {"files": {"requirements.txt": b"-e git+https://a.example/b#egg=b"}},
        {"requirements": ("a @ git+https://a.example/b",)},
    ],
)
def test_git_is_added_to_a_base_that_lacks_it_and_told(change: dict[str, Any]) -> None:
    environment = Environment(base=BASE, requirements_file="requirements.txt", files={"requirements.txt": b"six"})
    needing = replace(environment, **change)
    assert needing.debian_packages == ("git",)
    assert "git is installed by apt" in needing.warnings[0]
    assert replace(needing, base=TUNED).debian_packages == ()
    assert not replace(needing, apt_packages=("git",)).warnings
    assert environment.debian_packages == ()


def test_a_comment_about_git_adds_nothing() -> None:
    file = {"requirements.txt": b"six\n # was git+https://a.example/six\n"}
    assert Environment(base=BASE, requirements_file="requirements.txt", files=file).debian_packages == ()


def test_a_recipe_holds_the_files_and_what_to_install_from_them() -> None:
    recipe = replace(FULL, base=MARKER, requires_python=">=3.11").recipe
    assert recipe[f"{FOLDER}/requirements.txt"] == FULL.files["requirements.txt"]
    assert recipe[f"{FOLDER}/pins.txt"] == FULL.files["pins.txt"]
    assert json.loads(recipe[f"{FOLDER}/recipe.json"]) == {
        "schema": 1,
        "key": replace(FULL, base=MARKER, requires_python=">=3.11").key,
        "python": ">=3.11",
        "install": [["-r", "requirements.txt"], ["numpy>=1.26"]],
    }


def test_a_recipe_installs_a_lock_file_without_resolving_by_pip() -> None:
    file = f"a==1 {HASH}\nb @ git+https://a.example/b@c\n".encode()
    recipe = replace(LOCKED, base=MARKER, files={"requirements.locked.txt": file}).recipe
    install = json.loads(recipe[f"{FOLDER}/recipe.json"])["install"]
    assert install == [["--no-deps", "-r", "requirements.locked.txt"]]
    assert recipe[f"{FOLDER}/requirements.locked.txt"] == b"a==1\nb @ git+https://a.example/b@c\n"
    assert (
        replace(LOCKED, base=MARKER).recipe[f"{FOLDER}/requirements.locked.txt"]
        == LOCKED.files["requirements.locked.txt"]
    )
