"""Keys are the same from one version of chamber-run to the next, so that nothing is built or packed again.

Where one has to change, `_SCHEMA` of the environment or `_VERSION` of the layer cache goes up, and the key here with
it.
"""

from pathlib import Path

import pytest
from msgspec.structs import replace

from chamber.run.images.environment import Environment, index_host
from chamber.run.images.layers import image_key, plan_layers
from chamber.run.project.files import GeneratedFile, select
from chamber.run.targets import BaseImage

SLIM = BaseImage("docker.io/library/python:3.12-slim")
FULL = Environment(
    base=SLIM,
    requirements_file="requirements.txt",
    files={"requirements.txt": b"-c pins.txt\nsix", "pins.txt": b"six==1.17.0"},
    requirements=("numpy>=1.26", "a @ git+https://a.example/b"),
    apt_packages=("libgomp1",),
    pre_build_commands=("echo before",),
    post_build_commands=("echo after",),
    index="pypi.acme.example",
)


@pytest.mark.parametrize(
    ("environment", "key"),
    [
        (Environment(base=SLIM), "b8a657ea39dec761"),
        (FULL, "60b3319fc388141f"),
        (replace(FULL, locked=True, platform="linux/arm64"), "c491a8b6d516b1f8"),
        (
            replace(FULL, base=BaseImage("chamber.local/python:latest", recipe=True), requires_python=">=3.11"),
            "a9240c65c277c473",
        ),
    ],
)
def test_an_environment_keeps_its_key(environment: Environment, key: str) -> None:
    assert environment.key == key


def test_an_environment_is_made_of_what_it_says() -> None:
    assert FULL.inputs == {
        "schema": 2,
        "platform": "linux/amd64",
        "base": "docker.io/library/python:3.12-slim",
        "recipe": False,
        "files": {
            "requirements.txt": "4cbb2c990ac1b2bf0cb9dfbf1fc4f744eef36270aba154158ca8c50b7187fa55",
            "pins.txt": "ae82c7d9f0733d59b75eafd535d18362846a982e2fc06fb19bd9649574f22e9e",
        },
        "install": [["-r", "requirements.txt"], ["numpy>=1.26", "a @ git+https://a.example/b"]],
        "index": "pypi.acme.example",
        "apt": ["git", "libgomp1"],
        "before": ["echo before"],
        "after": ["echo after"],
        "python": None,
    }


def test_a_project_keeps_its_keys(tmp_path: Path) -> None:
    (tmp_path / "train.py").write_text("print(1)\n")
    (tmp_path / "run.sh").write_text("true\n")
    (tmp_path / "run.sh").chmod(0o755)
    (tmp_path / "train.py").chmod(0o644)
    (tmp_path / "link").symlink_to("train.py")
    (tmp_path / "out").mkdir()
    made = [GeneratedFile(".chamber/bin/train", b"#!python\n", 0o755)]
    planned = plan_layers(tmp_path, select(tmp_path), made, cached=False)
    assert planned.content_key == "4123e50c2e0d7124"
    assert [layer.key for layer in planned.layers] == [
        "4123e50c2e0d7124df6eca3b1fbcad626a5fd4fabfc4d9364f827ae48634d32d"
    ]
    assert image_key(FULL.key, planned.content_key) == "bdeced016908f845"


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("https://pypi.acme.example/simple", "pypi.acme.example"),
        ("https://Ada:se@same@PyPI.acme.example:8443/simple", "pypi.acme.example:8443"),
        ("", None),
        (None, None),
    ],
)
def test_of_the_url_of_an_index_its_host_enters_the_key(url: str | None, host: str | None) -> None:
    assert index_host(url) == host


@pytest.mark.parametrize(
    ("requirement", "package"),
    [
        ("a @ git+https://a.example/b", "git"),
        ("a @ hg+https://a.example/b", "mercurial"),
        ("a @ svn+https://a.example/b", "subversion"),
        ("a @ bzr+https://a.example/b", "brz"),
    ],
)
def test_what_fetches_a_dependency_is_installed_where_the_base_lacks_it(requirement: str, package: str) -> None:
    fetched = Environment(base=SLIM, requirements=(requirement,))
    assert fetched.debian_packages == (package,)
    assert fetched.warnings == (
        f"{package} is installed by apt: dependencies are fetched with it, and the base lacks it",
    )
    in_a_file = Environment(base=SLIM, requirements_file="r.txt", files={"r.txt": requirement.encode()})
    assert in_a_file.debian_packages == (package,)


def test_a_requirement_that_is_only_named_like_one_needs_no_program_to_fetch_it() -> None:
    assert Environment(base=SLIM, requirements=("git+nonsense ===", "gitpython")).debian_packages == ()


def test_all_that_fetches_is_told_at_once() -> None:
    both = Environment(base=SLIM, requirements=("a @ git+https://a.example/b", "c @ hg+https://a.example/c"))
    assert both.warnings == (
        "git, mercurial is installed by apt: dependencies are fetched with it, and the base lacks it",
    )
