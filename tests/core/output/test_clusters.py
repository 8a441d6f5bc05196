"""Which cluster a workload is in, and how one is let in: by the user's kubeconfig, safely or not at all."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from chamber.core import ConfigurationError
from chamber.core.output.clusters import access, context_for


def context(name: str, cluster: str) -> dict[str, Any]:
    return {"name": name, "context": {"cluster": cluster}}


CONTEXTS = [
    context("work", "arn:aws:eks:eu-west-1:1234:cluster/gpu-1"),
    context("gke_acme_europe-west4_gpu-2", "gke_acme_europe-west4_gpu-2"),
    context("gpu-3", "kubernetes"),
    context("home", "gpu-4"),
]


@pytest.mark.parametrize(
    ("cluster_id", "wish", "name"),
    [
        ("gpu-1", None, "work"),
        ("gpu-2", None, "gke_acme_europe-west4_gpu-2"),
        ("gpu-3", None, "gpu-3"),
        ("gpu-4", None, "home"),
        ("gpu-1", "home", "home"),
        (None, None, "work"),
    ],
)
def test_a_cluster_is_known_by_its_context_or_by_its_own_name(
    cluster_id: str | None, wish: str | None, name: str
) -> None:
    assert context_for(CONTEXTS, CONTEXTS[0], cluster_id, wish)["name"] == name


@pytest.mark.parametrize(
    ("cluster_id", "wish", "told"),
    [
        ("gpu-5", None, "of the cluster gpu-5"),
        ("pu-1", None, "of the cluster pu-1"),
        ("gpu-1", "nowhere", "named nowhere, as CHAMBER_KUBERNETES_CONTEXT says"),
    ],
)
def test_a_cluster_that_is_not_known_is_an_error_that_names_those_that_are(
    cluster_id: str, wish: str | None, told: str
) -> None:
    with pytest.raises(ConfigurationError, match=rf"{told} \(there is: work, gke"):
        context_for(CONTEXTS, CONTEXTS[0], cluster_id, wish)


def test_no_context_at_all_is_an_error() -> None:
    with pytest.raises(ConfigurationError, match=r"is chosen \(there is: none\)"):
        context_for([], None, None, None)


def kubeconfig(folder: Path, **cluster: Any) -> dict[str, str]:
    """An environment whose kubeconfig has that cluster as `gpu-1`."""
    told = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "gpu-1",
        "clusters": [{"name": "gpu-1", "cluster": cluster}],
        "users": [{"name": "me", "user": {"token": "a-token-for-the-cluster"}}],
        "contexts": [{"name": "gpu-1", "context": {"cluster": "gpu-1", "user": "me", "namespace": "ml"}}],
    }
    (folder / "config").write_text(yaml.safe_dump(told))
    return {"KUBECONFIG": str(folder / "config")}


async def test_what_lets_one_in_is_read_and_not_shown(tmp_path: Path) -> None:
    found = await access("gpu-1", kubeconfig(tmp_path, server="https://10.0.0.1:6443/"))
    assert (found.server, found.namespace) == ("https://10.0.0.1:6443", "ml")
    assert found.headers["Authorization"] == "Bearer a-token-for-the-cluster"
    assert found.tls is not None
    assert "a-token" not in repr(found)


@pytest.mark.parametrize(
    ("cluster", "message"),
    [
        ({"server": "http://10.0.0.1:8080"}, "10.0.0.1, a server of the kubeconfig, has no https"),
        ({"server": "https://10.0.0.1", "insecure-skip-tls-verify": True}, "would let anybody be 10.0.0.1"),
        ({"server": "https://10.0.0.1", "certificate-authority": "/nowhere/ca.pem"}, "cannot be used"),
    ],
)
async def test_what_is_not_safe_is_refused(tmp_path: Path, cluster: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        await access("gpu-1", kubeconfig(tmp_path, **cluster))


async def test_without_a_kubeconfig_the_error_says_what_is_missing(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"of the cluster gpu-1 \(there is: none\)"):
        await access("gpu-1", {"KUBECONFIG": str(tmp_path / "none")})


@pytest.mark.parametrize("content", ["[]", "clusters: 7", "{", "\0"])
async def test_a_kubeconfig_that_is_broken_is_an_error_of_ours(tmp_path: Path, content: str) -> None:
    (tmp_path / "config").write_text(content)
    with pytest.raises(ConfigurationError, match="kubeconfig cannot be used"):
        await access("gpu-1", {"KUBECONFIG": str(tmp_path / "config")})
