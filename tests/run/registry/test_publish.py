import asyncio
import json
import shutil
import subprocess
import tarfile
import threading
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from msgspec import json as wire

from chamber.core.errors import ConfigurationError, DockerError, TransportError
from chamber.core.redaction import Secret
from chamber.run.errors import RegistryAuthError
from chamber.run.images.layers import Layer, PlannedLayer, ProjectLayers, image_key, pack_entries, plan_layers
from chamber.run.project.files import select
from chamber.run.reference import Reference
from chamber.run.registry import base_sizes
from chamber.run.registry.client import RegistryClient
from chamber.run.registry.manifests import Descriptor, ImageSettings, Manifest, extend_config
from chamber.run.registry.publish import Published, publish
from chamber.run.registry.repository import Image, Repository, digest_of
from chamber.run.targets import BaseImage, Registry
from chamber.run.threads import Stop, Stopped

OCI = "application/vnd.oci.image.manifest.v1+json"
DOCKER = "application/vnd.docker.distribution.manifest.v2+json"
INDEX = "application/vnd.oci.image.index.v1+json"


def _repository(transport: Any, registry: Registry, path: str) -> Repository:
    scopes = (f"repository:{path}:pull,push",)
    return Repository(RegistryClient(transport, registry.prefix, registry), path, scopes)


async def _seed(
    repository: Repository, tag: str = "latest", kind: str = OCI, note: str = "", more: int = 0
) -> BaseImage:
    """A base image of two layers, or more."""
    layers = [pack_entries({"etc/base": b"base"}), pack_entries({"etc/note": note.encode() or b"note"})]
    layers += [pack_entries({f"etc/more{number}": b""}) for number in range(more)]
    config = {
        "architecture": "amd64",
        "os": "linux",
        "config": {"Env": ["PATH=/bin"], "Labels": {"io.chamber.base": "chamber.local/python"}},
        "rootfs": {"type": "layers", "diff_ids": [layer.diff_id for layer in layers]},
        "history": [{"created_by": "a"}, {"created_by": "b", "empty_layer": True}, {"created_by": "c"}],
    }
    content = json.dumps(config).encode()
    docker = kind == DOCKER
    layer_kind = (
        "application/vnd.docker.image.rootfs.diff.tar.gzip" if docker else "application/vnd.oci.image.layer.v1.tar+gzip"
    )
    config_kind = (
        "application/vnd.docker.container.image.v1+json" if docker else "application/vnd.oci.image.config.v1+json"
    )
    for layer in layers:
        await repository.put_layer(layer)
    await repository.put_config(content)
    manifest = Manifest(
        2,
        Descriptor(config_kind, digest_of(content), len(content)),
        tuple(Descriptor(layer_kind, layer.digest, layer.size) for layer in layers),
        kind,
    )
    await repository.put_manifest(manifest, tag)
    return BaseImage("chamber.local/python:latest", f"{repository.name}:{tag}", recipe=True)


class Project:
    """A folder that is published again and again."""

    def __init__(self, folder: Path, transport: Any, registry: Registry, base: BaseImage) -> None:
        self.folder, self.transport, self.registry, self.base = folder, transport, registry, base
        self.name = f"{registry.prefix}/p{uuid.uuid4().hex[:8]}/tool"
        self.said: list[str] = []
        (folder / "train.py").write_text("print('one')\n")
        (folder / "data").mkdir()
        (folder / "data" / "a.csv").write_text("1,2\n")

    async def _progress(self, message: str) -> None:
        self.said.append(message)

    async def publish(self, key: str | None = None, **options: Any) -> Published:
        self.transport.exchanges.clear()
        planned = plan_layers(self.folder, select(self.folder))
        environment = pack_entries({"opt/chamber/environment/recipe.json": key.encode()}) if key else None
        return await publish(
            self.transport,
            self.registry,
            self.name,
            self.base,
            options.pop("environment", environment),
            key,
            planned,
            image_key(planned.content_key, key or ""),
            ImageSettings(labels={"io.chamber.project": "tool"}),
            self._progress,
            **options,
        )

    async def image(self, reference: str) -> Image:
        path = Reference.parse(self.name).repository
        digest = Reference.parse(reference).digest
        assert digest is not None
        return await _repository(self.transport, self.registry, path).image(digest, "linux/amd64")


@pytest.fixture(autouse=True)
def packed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The keys of the layers that were packed, as ever, since the list was cleared."""
    keys: list[str] = []
    pack = ProjectLayers.pack

    def counted(self: ProjectLayers, layer: PlannedLayer, stop: Stop | None = None) -> Layer:
        keys.append(layer.key)
        return pack(self, layer, stop)

    monkeypatch.setattr(ProjectLayers, "pack", counted)
    return keys


@pytest.fixture(params=["open_registry", "guarded_registry"])
async def project(request: pytest.FixtureRequest, tmp_path: Path, transport: Any) -> Project:
    registry = request.getfixturevalue(request.param)
    base = await _seed(_repository(transport, registry, "chamber.local/python"))
    return Project(tmp_path, transport, registry, base)


@pytest.fixture
async def own_project(open_registry: Registry, tmp_path: Path, transport: Any) -> Project:
    base = await _seed(_repository(transport, open_registry, "chamber.local/python"))
    return Project(tmp_path, transport, open_registry, base)


async def test_the_image_is_base_environment_and_project(project: Project) -> None:
    published = await project.publish("00ff00ff00ff00ff")
    image = await project.image(published.reference)
    kinds = [layer.annotations.get("io.chamber.layer") for layer in image.manifest.layers]
    assert kinds == [None, None, "environment", "project"]
    assert image.config["config"] == {
        "Env": ["PATH=/bin"],
        "Labels": {"io.chamber.base": "chamber.local/python", "io.chamber.project": "tool"},
        "WorkingDir": "/app",
    }
    assert len(image.config["rootfs"]["diff_ids"]) == 4
    assert len(image.config["history"]) == 5
    assert published.reference == f"{project.name}@{published.digest}"


async def test_publishing_again_looks_once_and_sends_nothing(project: Project, packed: list[str]) -> None:
    first = await project.publish("00ff00ff00ff00ff")
    packed.clear()
    second = await project.publish("00ff00ff00ff00ff")
    assert {method for method, _ in project.transport.exchanges} == {"HEAD"}
    assert not packed
    assert second == Published(first.reference, first.digest, 0, 0, reused=True)


async def test_editing_one_file_uploads_one_layer(project: Project) -> None:
    await project.publish("00ff00ff00ff00ff")
    (project.folder / "train.py").write_text("print('two')\n")
    published = await project.publish("00ff00ff00ff00ff")
    assert published.uploaded_layers == 1
    assert len(project.transport.uploads()) == 2, "the layer and the config"
    assert not published.reused


async def test_the_base_is_mounted_where_the_registry_has_it(project: Project) -> None:
    published = await project.publish()
    assert published.uploaded_layers == 1
    assert len([url for method, url in project.transport.exchanges if "mount=" in url]) == 2
    assert len((await project.image(published.reference)).manifest.layers) == 3


async def test_a_base_without_an_environment_is_not_sent_again(project: Project) -> None:
    await project.publish()
    (project.folder / "train.py").write_text("print('two')\n")
    assert (await project.publish()).uploaded_layers == 1
    assert not [url for _, url in project.transport.exchanges if "mount=" in url]


async def test_a_base_of_another_registry_crosses_once(
    open_registry: Registry, guarded_registry: Registry, tmp_path: Path, transport: Any
) -> None:
    base = await _seed(_repository(transport, open_registry, "library/python"), note=uuid.uuid4().hex)
    project = Project(tmp_path, transport, guarded_registry, base)
    published = await project.publish("00ff00ff00ff00ff")
    assert published.uploaded_layers == 4
    assert any("the base" in message and "crosses" in message for message in project.said)
    (project.folder / "train.py").write_text("print('two')\n")
    assert (await project.publish("00ff00ff00ff00ff")).uploaded_layers == 1


async def test_what_is_known_of_the_bases_registry_is_used_there(
    open_registry: Registry, guarded_registry: Registry, tmp_path: Path, transport: Any
) -> None:
    base = await _seed(_repository(transport, guarded_registry, "library/python"), note=uuid.uuid4().hex)
    project = Project(tmp_path, transport, open_registry, base)
    with pytest.raises(RegistryAuthError, match="it wants a login"):
        await project.publish()
    known = Registry(f"{guarded_registry.prefix}/library", login=lambda: ("ada", "very secret"))
    assert (await project.publish(source_registry=known)).uploaded_layers == 3


async def test_the_login_goes_to_its_own_registry_only(
    open_registry: Registry, guarded_registry: Registry, tmp_path: Path, transport: Any
) -> None:
    base = await _seed(_repository(transport, open_registry, "library/python"))
    await Project(tmp_path, transport, guarded_registry, base).publish()
    for (_, url), headers in zip(transport.exchanges, transport.sent_headers[-len(transport.exchanges) :], strict=True):
        if "Authorization" in headers:
            assert guarded_registry.prefix in url


async def test_a_docker_base_keeps_its_media_types(own_project: Project) -> None:
    repository = _repository(own_project.transport, own_project.registry, "schema2/python")
    own_project.base = await _seed(repository, kind=DOCKER)
    image = await own_project.image((await own_project.publish("00ff00ff00ff00ff")).reference)
    assert image.manifest.media_type == DOCKER
    assert {layer.media_type for layer in image.manifest.layers} == {
        "application/vnd.docker.image.rootfs.diff.tar.gzip"
    }


async def test_of_an_index_the_platform_is_chosen(own_project: Project) -> None:
    transport, repository = own_project.transport, _repository(own_project.transport, own_project.registry, "multi")
    await _seed(repository, "amd64")
    digest = await repository.find("amd64")
    body = wire.encode(
        {
            "schemaVersion": 2,
            "mediaType": INDEX,
            "manifests": [
                {
                    "mediaType": OCI,
                    "digest": digest,
                    "size": 500,
                    "platform": {"os": "linux", "architecture": architecture},
                }
                for architecture in ("unknown", "amd64")
            ],
        }
    )
    await repository._put_manifest(body, INDEX, "latest")
    own_project.base = BaseImage("x.test/multi", f"{repository.name}:latest")
    await own_project.publish()
    with pytest.raises(DockerError, match=r"not there for linux/riscv64, only for linux/amd64, linux/unknown"):
        await own_project.publish(fresh=True, platform="linux/riscv64")
    assert transport.exchanges


async def test_fresh_makes_the_image_again(own_project: Project, packed: list[str]) -> None:
    first = await own_project.publish("00ff00ff00ff00ff")
    again = await own_project.publish("00ff00ff00ff00ff", fresh=True)
    assert again.digest == first.digest
    assert not again.reused
    assert len(packed) == 2
    assert again.uploaded_layers == 0


async def test_of_a_large_project_one_edit_sends_one_layer_and_packs_no_other(
    own_project: Project, packed: list[str]
) -> None:
    first = await _large(own_project).publish()
    assert 8 < first.uploaded_layers <= 16
    assert len(packed) == first.uploaded_layers
    packed.clear()
    (own_project.folder / "d3.bin").write_bytes(b"edited")
    edited = await own_project.publish()
    assert (edited.uploaded_layers, len(packed)) == (1, 1)
    images = [await own_project.image(known.reference) for known in (first, edited)]
    one, two = ({layer.digest for layer in image.manifest.layers} for image in images)
    assert len(one ^ two) == 2


async def test_a_known_layer_that_the_registry_lost_is_packed_and_sent_again(
    own_project: Project, packed: list[str]
) -> None:
    first = await own_project.publish()
    packed.clear()
    own_project.name = f"{own_project.registry.prefix}/p{uuid.uuid4().hex[:8]}/tool"
    again = await own_project.publish()
    assert again.digest == first.digest
    assert len(packed) == again.uploaded_layers == 1


async def test_what_a_colleague_sent_is_packed_and_not_sent(
    own_project: Project, packed: list[str], own_settings: Path
) -> None:
    await own_project.publish("00ff00ff00ff00ff")
    packed.clear()
    shutil.rmtree(own_settings / "cache")
    other = await own_project.publish("11ff00ff00ff00ff")
    assert (other.uploaded_layers, len(packed)) == (1, 1), "the environment, which is another one"


async def test_a_base_of_many_layers_leaves_the_project_fewer(own_project: Project) -> None:
    repository = _repository(own_project.transport, own_project.registry, "many/python")
    own_project.base = await _seed(repository, more=113 - 2)
    image = await own_project.image((await _large(own_project).publish()).reference)
    assert 113 < len(image.manifest.layers) <= 117, "four, because 7 have room"
    assert len(image.config["rootfs"]["diff_ids"]) == len(image.manifest.layers)
    own_project.base = await _seed(repository, "full", more=120 - 2)
    (own_project.folder / "train.py").write_text("edited")
    with pytest.raises(DockerError, match="has 120 layers"):
        await own_project.publish()


async def test_the_size_of_a_base_is_remembered(own_project: Project) -> None:
    await own_project.publish()
    location = Reference.parse(own_project.base.location or "")
    repository = _repository(own_project.transport, own_project.registry, location.repository)
    image = await repository.image("latest", "linux/amd64")
    size = sum(layer.size for layer in image.manifest.layers)
    assert base_sizes.known(own_project.base.reference, "linux/amd64") == size


async def test_bytes_are_told_while_they_are_sent(own_project: Project) -> None:
    published = await own_project.publish("00ff00ff00ff00ff")
    assert own_project.said[-1] == f"{published.uploaded_bytes} bytes are uploaded"
    assert any(message.startswith("the project layer is uploaded: ") for message in own_project.said)


async def test_cancelling_ends_packing_and_nothing_is_tagged(
    own_project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    packing, stopped = threading.Event(), []

    def pack(self: ProjectLayers, layer: PlannedLayer, stop: Stop) -> Layer:
        packing.set()
        stopped.append(stop.wait(10))
        raise Stopped

    monkeypatch.setattr(ProjectLayers, "pack", pack)
    task = asyncio.create_task(_large(own_project).publish())
    await asyncio.to_thread(packing.wait, 10)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert stopped
    assert all(stopped)
    assert not [url for method, url in own_project.transport.exchanges if method == "PUT" and "/manifests/" in url]


def test_folders_are_put_before_those_of_the_base() -> None:
    config = {"rootfs": {"diff_ids": []}, "config": {"Env": ["PATH=/usr/bin:/bin", "A=b=c", "EMPTY="]}}
    settings = ImageSettings(prepend={"PATH": "/app/.chamber/bin", "PYTHONPATH": "/app/src", "EMPTY": "/x"})
    env = extend_config(config, [], settings)["config"]["Env"]
    assert env == ["PATH=/app/.chamber/bin:/usr/bin:/bin", "A=b=c", "EMPTY=/x", "PYTHONPATH=/app/src"]
    bare = extend_config({"rootfs": {"diff_ids": []}}, [], settings)["config"]["Env"]
    assert bare[0] == "PATH=/app/.chamber/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


def _large(project: Project) -> Project:
    for number in range(40):
        (project.folder / f"d{number}.bin").write_bytes(bytes([number]) * (1 << 20))
    return project


async def test_a_missing_environment_image_is_said(own_project: Project) -> None:
    own_project.base = BaseImage(own_project.base.location or "")
    with pytest.raises(DockerError, match="env-00ff00ff00ff00ff, the image of the environment, is not there"):
        await own_project.publish("00ff00ff00ff00ff", environment=None)


async def test_a_missing_base_is_said_before_anything_is_sent(own_project: Project, packed: list[str]) -> None:
    own_project.base = BaseImage("x", f"{own_project.registry.prefix}/no/such:1")
    with pytest.raises(DockerError, match="no/such:1"):
        await own_project.publish()
    assert own_project.transport.uploads() == []
    assert not packed


async def test_a_wrong_password_is_said_without_it_before_anything_is_packed(
    guarded_registry: Registry, tmp_path: Path, transport: Any, packed: list[str]
) -> None:
    wrong = Registry(guarded_registry.prefix, "ada", "wrong one")
    project = Project(tmp_path, transport, wrong, BaseImage(f"{wrong.prefix}/base:1"))
    with pytest.raises(RegistryAuthError, match="ada") as caught:
        await project.publish()
    assert caught.value.registry == guarded_registry.prefix
    assert "wrong one" not in str(caught.value)
    assert not packed


async def test_no_login_is_said_with_its_remedy(guarded_registry: Registry, tmp_path: Path, transport: Any) -> None:
    nobody = Registry(guarded_registry.prefix)
    project = Project(tmp_path, transport, nobody, BaseImage(f"{nobody.prefix}/base:1"))
    with pytest.raises(RegistryAuthError, match=f"docker login {guarded_registry.prefix}"):
        await project.publish()


async def test_what_docker_login_left_behind_is_used(
    guarded_registry: Registry, tmp_path: Path, transport: Any, docker_config: Path
) -> None:
    (docker_config / "config.json").write_text(
        json.dumps({"auths": {guarded_registry.prefix: {"auth": "YWRhOnZlcnkgc2VjcmV0"}}})
    )
    nobody = Registry(guarded_registry.prefix)
    base = await _seed(_repository(transport, nobody, "chamber.local/python"))
    assert (await Project(tmp_path, transport, nobody, base).publish()).uploaded_layers == 1


async def test_an_upload_that_breaks_off_is_started_again(own_project: Project) -> None:
    faults = own_project.transport.faults
    faults.extend([TransportError("gone"), None, TransportError("gone")])
    assert (await own_project.publish()).uploaded_layers == 1


async def test_a_registry_that_is_not_there_is_said_after_three_tries(tmp_path: Path, transport: Any) -> None:
    registry = Registry("127.0.0.1:1")
    project = Project(tmp_path, transport, registry, BaseImage("127.0.0.1:1/base:1"))
    with pytest.raises(DockerError, match=r"127\.0\.0\.1:1 gave no answer"):
        await project.publish()
    assert len(transport.exchanges) == 3


@pytest.mark.parametrize("repository", ["other.test/a", "reg.test/b/x", "reg.test/team", "reg.test/teams/x", "team/x"])
async def test_a_repository_outside_the_registry_is_refused(transport: Any, repository: str) -> None:
    with pytest.raises(ConfigurationError, match=r"reg\.test/team|not an image reference"):
        await publish(
            transport, Registry("reg.test/team"), repository, BaseImage("a.test/b"), None, None, None, "t"
        )  # fmt: skip


async def test_a_project_folder_is_left_as_it_is(own_project: Project) -> None:
    before = {path: path.stat().st_mtime_ns for path in own_project.folder.rglob("*")}
    for path in [*before, own_project.folder]:
        path.chmod(0o500 if path.is_dir() else 0o400)
    await own_project.publish("00ff00ff00ff00ff")
    own_project.folder.chmod(0o700)
    (own_project.folder / "data").chmod(0o700)
    assert {path: path.stat().st_mtime_ns for path in own_project.folder.rglob("*")} == before


async def test_skopeo_finds_the_image_in_order(
    project: Project, tool: Callable[[str], str], tmp_path_factory: pytest.TempPathFactory
) -> None:
    published = await project.publish("00ff00ff00ff00ff")
    password = project.registry.password
    login = ["--src-creds", f"ada:{password.reveal()}"] if isinstance(password, Secret) else []
    folder = tmp_path_factory.mktemp("copy")
    await asyncio.to_thread(
        subprocess.run,
        [
            *(tool("skopeo"), "--insecure-policy", "copy", "--src-tls-verify=false", *login),
            *(f"docker://{published.reference}", f"dir:{folder}"),
        ],
        check=True,
        capture_output=True,
    )
    manifest = json.loads((folder / "manifest.json").read_text())
    layer = folder / manifest["layers"][-1]["digest"].partition(":")[2]
    with tarfile.open(layer) as tar:
        assert tar.getnames() == ["app", "app/data", "app/data/a.csv", "app/train.py"]


async def test_skopeo_inspects_the_image(own_project: Project, tool: Callable[[str], str]) -> None:
    published = await own_project.publish()
    command = [tool("skopeo"), "inspect", "--tls-verify=false", f"docker://{published.reference}"]
    seen = json.loads((await asyncio.to_thread(subprocess.run, command, check=True, capture_output=True)).stdout)
    assert seen["Labels"]["io.chamber.base"] == "chamber.local/python"
    assert len(seen["Layers"]) == 3
