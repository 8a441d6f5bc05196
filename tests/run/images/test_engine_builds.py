"""What is generated, built for real: docker without BuildKit, and podman with cache and secret mounts."""

import hashlib
import shutil
import subprocess
import tarfile
import zipfile
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from chamber.run.images.environment import Environment, index_host
from chamber.run.images.whole import whole_dockerfile
from chamber.run.targets import BaseImage

pytestmark = pytest.mark.engine

IMAGE = "localhost/chamber-tests/python:1"
TUNED = "2.6.0a0+tuned.nv25.1"
PASSWORD = f"canary{uuid4().hex}"
FROM_WHEELS = b"--no-index\n--find-links /wheels\n"


class Builder:
    """Builds by an engine's own command line, and takes away what it built."""

    def __init__(self, name: str, folder: Path) -> None:
        self.name, self._folder, self._tags = name, folder, list[str]()

    @property
    def buildkit(self) -> bool:
        return self.name == "podman"

    def build(self, dockerfile: str, context: dict[str, bytes], secret: str | None = None) -> tuple[str | None, str]:
        """The image, or None when the build failed, and what the build said."""
        tag = f"localhost/chamber-tests/{uuid4().hex}:1"
        folder = self._folder / uuid4().hex
        for path, content in {**context, "Dockerfile": dockerfile.encode()}.items():
            file = folder / "context" / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(content)
        options = ["--network", "host", "--pull=never"] if self.buildkit else ["--network", "host"]
        if secret is not None:
            (folder / "secret").write_text(secret)
            options.append(f"--secret=id=pip_index_url,src={folder / 'secret'}")
        done = self._run("build", *options, "--tag", tag, str(folder / "context"))
        self._tags.append(tag)
        return (tag if done.returncode == 0 else None), done.stdout

    def saved(self, tag: str) -> Path:
        """The image's layers, configuration and history, unpacked."""
        archive = self._folder / "image.tar"
        assert self._run("save", "--output", str(archive), tag).returncode == 0
        unpacked = self._folder / "image"
        unpacked.mkdir()
        subprocess.run(["tar", "-xf", archive, "-C", unpacked], check=True)
        return unpacked

    def history(self, tag: str) -> str:
        return self._run("history", "--no-trunc", tag).stdout + self._run("inspect", tag).stdout

    def close(self) -> None:
        self._run("rmi", "--force", *self._tags)

    def has(self, image: str) -> bool:
        return shutil.which(self.name) is not None and self._run("image", "inspect", image).returncode == 0

    def _run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        environment = {
            "PATH": "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin",
            "HOME": str(Path.home()),
            "DOCKER_BUILDKIT": "0",
        }
        return subprocess.run(
            [self.name, *arguments],
            check=False,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            env=environment,
        )


@pytest.fixture(params=["docker", "podman"])
def builder(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Builder]:
    builder = Builder(request.param, tmp_path)
    if not builder.has(IMAGE):
        pytest.skip(f"{request.param} does not answer or lacks {IMAGE}: bash tests/engines/start")
    yield builder
    builder.close()


@pytest.fixture
def tuned(builder: Builder, tmp_path: Path) -> BaseImage:
    """A base with a torch of its own, and an index that has a newer one and what asks for torch."""
    wheels = tmp_path / "wheels"
    wheels.mkdir()
    _wheel(wheels, "torch", TUNED)
    _wheel(wheels, "torch", "2.8.0")
    _wheel(wheels, "trainer", "1.0", "torch>=2.4")
    _wheel(wheels, "trainer", "2.0", "torch>=2.7")
    dockerfile = (
        f'FROM {IMAGE}\nCOPY ["wheels/","/wheels/"]\n'
        f'RUN ["python","-m","pip","install","--no-index","--no-cache-dir","/wheels/torch-{TUNED}-py3-none-any.whl"]\n'
    )
    tag, output = builder.build(dockerfile, {f"wheels/{file.name}": file.read_bytes() for file in wheels.iterdir()})
    assert tag, output
    return BaseImage(tag)


def test_a_tuned_framework_stays_when_dependencies_ask_for_it(builder: Builder, tuned: BaseImage) -> None:
    environment = Environment(
        base=tuned,
        requirements_file="sub/requirements.txt",
        files={"sub/requirements.txt": FROM_WHEELS + b"trainer<2\ntorch\n"},
        requirements=("--no-index", "--find-links=/wheels", "trainer>=1"),
        post_build_commands=(_holds("torch", TUNED), _holds("trainer", "1.0")),
    )
    _built(builder, environment)


def test_a_tuned_framework_is_not_replaced_by_pip(builder: Builder, tuned: BaseImage) -> None:
    environment = Environment(
        base=tuned, requirements_file="requirements.txt", files={"requirements.txt": FROM_WHEELS + b"trainer==2.0\n"}
    )
    tag, output = builder.build(environment.build_dockerfile(buildkit=builder.buildkit), environment.context)
    assert tag is None
    assert f"torch=={TUNED}" in output


def test_a_tuned_framework_is_not_replaced_by_a_lock_file(builder: Builder, tuned: BaseImage, tmp_path: Path) -> None:
    digests = {
        name: _digest(tmp_path / "wheels" / f"{name}-py3-none-any.whl") for name in ("trainer-2.0", "torch-2.8.0")
    }
    trainer = f"trainer==2.0 --hash=sha256:{digests['trainer-2.0']}\n".encode()
    torch = f"torch==2.8.0 --hash=sha256:{digests['torch-2.8.0']}\n".encode()
    environment = Environment(
        base=tuned,
        requirements_file="requirements.locked.txt",
        files={"requirements.locked.txt": FROM_WHEELS + trainer},
        locked=True,
        post_build_commands=(_holds("torch", TUNED), _holds("trainer", "2.0")),
    )
    _built(builder, environment)
    replacing = Environment(
        base=tuned,
        requirements_file="requirements.locked.txt",
        files={"requirements.locked.txt": FROM_WHEELS + trainer + torch},
        locked=True,
    )
    tag, output = builder.build(replacing.build_dockerfile(buildkit=builder.buildkit), replacing.context)
    assert tag is None
    assert f"torch=={TUNED}" in output


def test_a_lock_file_with_a_wrong_hash_is_not_installed(builder: Builder, tuned: BaseImage) -> None:
    wrong = FROM_WHEELS + f"trainer==2.0 --hash=sha256:{'0' * 64}\n".encode()
    environment = Environment(
        base=tuned, requirements_file="requirements.locked.txt", files={"requirements.locked.txt": wrong}, locked=True
    )
    tag, output = builder.build(environment.build_dockerfile(buildkit=builder.buildkit), environment.context)
    assert tag is None
    assert "ash mismatch" in output


def test_apt_pip_and_commands_in_one_environment(builder: Builder) -> None:
    environment = Environment(
        base=BaseImage(IMAGE),
        requirements=("six>=1.16", "packaging>=24"),
        apt_packages=("tree",),
        pre_build_commands=('echo "it\'s $((1 + 1)) <<EOF" > /odd',),
        post_build_commands=('grep -x "it\'s 2 <<EOF" /odd', "tree --version", "python -c 'import six, packaging'"),
    )
    _built(builder, environment)


def test_the_saved_dockerfile_makes_the_image_from_the_projects_directory(builder: Builder) -> None:
    environment = Environment(
        base=BaseImage(IMAGE),
        requirements_file="requirements.locked.txt",
        files={"requirements.locked.txt": b"six==1.17.0\n"},
        locked=True,
        post_build_commands=(_holds("six", "1.17.0"),),
    )
    tag, output = builder.build(environment.dockerfile(("python", "a b.py")), {"a b.py": b"print(1)"})
    assert tag, output
    assert "a b.py" in builder.history(tag)


def test_a_project_is_built_whole_with_the_packages_in_it(builder: Builder) -> None:
    environment = Environment(
        base=BaseImage(IMAGE),
        requirements_file="requirements.txt",
        files={"requirements.txt": b"-e ./lib\n"},
        post_build_commands=(_holds("acme-lib", "1"), _holds("acme-app", "2"), "python -c 'import acme_lib, acme_app'"),
    )
    project = b'[build-system]\nrequires = ["setuptools"]\nbuild-backend = "setuptools.build_meta"\n[project]\n'
    context = {
        "requirements.txt": b"-e ./lib\n",
        "lib/pyproject.toml": project + b'name = "acme-lib"\nversion = "1"\n',
        "lib/acme_lib/__init__.py": b"",
        "pyproject.toml": project + b'name = "acme-app"\nversion = "2"\n[tool.setuptools]\npackages = ["acme_app"]\n',
        "acme_app/__init__.py": b"",
    }
    tag, output = builder.build(
        whole_dockerfile(environment, ("python", "-m", "acme_app"), buildkit=builder.buildkit), context
    )
    assert tag, output


@pytest.mark.parametrize("builder", ["podman"], indirect=True)  # docker without BuildKit has no secret mounts
def test_the_index_is_in_no_layer_and_no_history(builder: Builder) -> None:
    url = f"https://me:{PASSWORD}@pypi.org/simple"
    environment = Environment(
        base=BaseImage(IMAGE),
        requirements_file="requirements.locked.txt",
        files={"requirements.locked.txt": b"six==1.17.0\n"},
        locked=True,
        requirements=("packaging>=24",),
        index=index_host(url),
        post_build_commands=('test -z "$(ls -A /var/cache/chamber/pip /var/cache/chamber/uv | grep -v :)"',),
    )
    tag, output = builder.build(environment.build_dockerfile(buildkit=True), environment.context, url)
    assert tag, output
    assert PASSWORD not in output
    assert PASSWORD not in builder.history(tag)
    saved = builder.saved(tag)
    assert not _holding(saved, PASSWORD.encode())
    assert _holding(saved, b"six")


def _built(builder: Builder, environment: Environment) -> None:
    tag, output = builder.build(environment.build_dockerfile(buildkit=builder.buildkit), environment.context)
    assert tag, output


def _holds(name: str, version: str) -> str:
    return f'test "$(python -c "import importlib.metadata as m; print(m.version({name!r}))")" = {version!r}'


def _holding(folder: Path, text: bytes) -> list[str]:
    """The files of an unpacked image, and the entries of its layers, that hold `text`."""
    found = []
    for file in (file for file in folder.rglob("*") if file.is_file()):
        if tarfile.is_tarfile(file):
            with tarfile.open(file) as layer:
                found += [
                    one.name
                    for one in layer
                    if one.isfile() and text in (layer.extractfile(one) or file.open("rb")).read()
                ]
        elif text in file.read_bytes():
            found.append(str(file))
    return found


def _wheel(folder: Path, name: str, version: str, requires: str | None = None) -> None:
    info = f"{name}-{version}.dist-info"
    files = {
        f"{name}/__init__.py": "",
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
        + (f"Requires-Dist: {requires}\n" if requires else ""),
        f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: tests\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    files[f"{info}/RECORD"] = "".join(f"{path},,\n" for path in (*files, f"{info}/RECORD"))
    with zipfile.ZipFile(folder / f"{name}-{version}-py3-none-any.whl", "w") as wheel:
        for path, content in files.items():
            wheel.writestr(path, content)


def _digest(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()
