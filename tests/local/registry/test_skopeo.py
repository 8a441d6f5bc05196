"""The registry against a client that others wrote."""

import hashlib
import json
import os
import shutil
import subprocess

import pytest


@pytest.fixture
def skopeo(simulated, tmp_path):
    found = shutil.which("skopeo")
    if found is None and os.environ.get("CI") == "true":
        pytest.fail("skopeo is needed in CI: apt install skopeo")
    if found is None:
        pytest.skip("skopeo is not installed: apt install skopeo")

    def run(*arguments):
        command = [found, "--tmpdir", str(tmp_path), *arguments]
        return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)

    return run


@pytest.fixture
def image(tmp_path, tools):
    """An image in skopeo's ``dir:`` layout, with a layer of several megabytes."""
    folder = tmp_path / "image"
    folder.mkdir()
    layer = tools.layer(("app/data.bin", os.urandom(3_000_000)))
    config = json.dumps({"architecture": "amd64", "os": "linux", "config": {}, "rootfs": {"type": "layers"}}).encode()
    manifest = {
        "schemaVersion": 2,
        "mediaType": "application/vnd.oci.image.manifest.v1+json",
        "config": tools.descriptor("application/vnd.oci.image.config.v1+json", config),
        "layers": [tools.descriptor("application/vnd.oci.image.layer.v1.tar+gzip", layer)],
    }
    for blob in (config, layer):
        (folder / hashlib.sha256(blob).hexdigest()).write_bytes(blob)
    (folder / "version").write_text("Directory Transport Version: 1.1\n")
    (folder / "manifest.json").write_text(json.dumps(manifest))
    return folder


def test_an_image_goes_there_and_comes_back_unchanged(simulated, skopeo, image, tmp_path):
    target = f"docker://{simulated.chamber.registry}/team/project:v1"
    creds = f"user:{simulated.chamber.token}"

    pushed = skopeo("copy", "--dest-tls-verify=false", "--dest-creds", creds, f"dir:{image}", target)
    assert pushed.returncode == 0, pushed.stderr
    pulled = skopeo("copy", "--src-tls-verify=false", "--src-creds", creds, target, f"dir:{tmp_path / 'back'}")
    assert pulled.returncode == 0, pulled.stderr

    for file in image.iterdir():
        assert (tmp_path / "back" / file.name).read_bytes() == file.read_bytes()


def test_inspect_and_list_tags_tell_what_is_there(simulated, skopeo):
    base = f"docker://{simulated.chamber.registry}/chamber.local/python"
    creds = f"user:{simulated.chamber.token}"

    inspected = skopeo("inspect", "--tls-verify=false", "--creds", creds, f"{base}:latest")
    assert inspected.returncode == 0, inspected.stderr
    assert json.loads(inspected.stdout)["Labels"] == {"io.chamber.base": "chamber.local/python"}
    listed = skopeo("list-tags", "--tls-verify=false", "--creds", creds, base)
    assert json.loads(listed.stdout)["Tags"] == ["latest"]


def test_blobs_are_copied_within_the_registry(simulated, skopeo):
    registry, creds = simulated.chamber.registry, f"user:{simulated.chamber.token}"
    source, target = (f"docker://{registry}/{name}:latest" for name in ("chamber.local/python", "team/copy"))

    copied = skopeo(
        "copy",
        "--src-tls-verify=false",
        "--dest-tls-verify=false",
        "--src-creds",
        creds,
        "--dest-creds",
        creds,
        source,
        target,
    )

    assert copied.returncode == 0, copied.stderr
    assert simulated("HEAD", "/v2/team/copy/manifests/latest").status == 200


def test_a_wrong_password_is_refused(simulated, skopeo):
    refused = skopeo(
        "inspect",
        "--tls-verify=false",
        "--creds",
        "user:wrong",
        f"docker://{simulated.chamber.registry}/chamber.local/python",
    )

    assert refused.returncode != 0
    assert "unauthorized" in refused.stderr.lower()


def test_login_takes_the_token_as_the_password(simulated, skopeo, tmp_path):
    logged_in = skopeo(
        "login",
        "--tls-verify=false",
        "--authfile",
        str(tmp_path / "auth.json"),
        "-u",
        "anyone",
        "-p",
        simulated.chamber.token,
        simulated.chamber.registry,
    )

    assert logged_in.returncode == 0, logged_in.stderr
