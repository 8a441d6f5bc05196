"""The Kubernetes cluster of a workload: which one, and how to be let in, by the user's own kubeconfig."""

from __future__ import annotations

import os
import ssl
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import msgspec

from chamber.core.errors import ConfigurationError, MissingExtraError
from chamber.core.loopback import is_loopback
from chamber.core.redaction import Secret

__all__ = ["Access", "access", "context_for"]

_WISH = "CHAMBER_KUBERNETES_CONTEXT"
_IN_CLUSTER = "KUBERNETES_SERVICE_HOST"


class Access(msgspec.Struct, frozen=True):
    """Where the API of a cluster is, and what lets one in."""

    server: str
    authorization: Secret | None
    tls: ssl.SSLContext | None
    namespace: str | None

    @property
    def headers(self) -> dict[str, str]:
        """What goes with each request."""
        allowed = {"Authorization": self.authorization.reveal()} if self.authorization else {}
        return {"Accept": "*/*", **allowed}


async def access(cluster_id: str | None, environment: Mapping[str, str] = os.environ) -> Access:
    """The way into the cluster of that id: the context of the kubeconfig that is called so, or is of it.

    CHAMBER_KUBERNETES_CONTEXT names another. Within a cluster, without a kubeconfig, it is that cluster.

    Raises MissingExtraError: what reads kubeconfigs is not installed.
    Raises ConfigurationError: no context is of that cluster, or its entry cannot be used.
    """
    try:
        from kubernetes_asyncio import config
        from kubernetes_asyncio.client import Configuration
    except ImportError as error:
        raise MissingExtraError(
            f"The output is in a Kubernetes cluster, and kubernetes-asyncio cannot be imported ({error}): "
            "pip install 'chamber-core[kubernetes]'"
        ) from error
    files, found = _files(environment), Configuration()
    try:
        if not files and _IN_CLUSTER in environment:
            config.load_incluster_config(found)  # type: ignore[no-untyped-call]
            return await _access(found, None)
        contexts, current = config.list_kube_config_contexts(files) if files else ([], None)
        chosen = context_for(contexts, current, cluster_id, environment.get(_WISH))
        await config.load_kube_config(files, chosen["name"], found, persist_config=False)
    except ConfigurationError:
        raise
    except Exception as error:  # of what reads it, about a file that may be anything
        what = str(error) if isinstance(error, config.ConfigException) else f"it is none ({type(error).__name__})"
        raise ConfigurationError(f"The kubeconfig cannot be used: {what}") from error
    return await _access(found, chosen["context"].get("namespace"))


def context_for(
    contexts: Sequence[Mapping[str, Any]], current: Mapping[str, Any] | None, cluster_id: str | None, wish: str | None
) -> Mapping[str, Any]:
    """The context of a cluster: the one that is wished for; one that is called like the cluster, or is of it.

    Clusters of EKS and GKE are known by the end of their long names. Without a cluster's id: the current one.

    Raises ConfigurationError: there is none.
    """
    if wish:
        found = [context for context in contexts if context["name"] == wish]
    elif cluster_id is None:
        found = [current] if current else []
    else:
        found = [c for c in contexts if _is_of(cluster_id, c)]
    if found:
        return found[0]
    there = ", ".join(context["name"] for context in contexts) or "none"
    wanted = f"named {wish}, as {_WISH} says" if wish else f"of the cluster {cluster_id}" if cluster_id else "chosen"
    raise ConfigurationError(
        f"The output is in a Kubernetes cluster, and no context of the kubeconfig is {wanted} (there is: {there}): "
        f"add the cluster to it, or set {_WISH} to the context that leads there"
    )


def _files(environment: Mapping[str, str]) -> str:
    """The kubeconfig's files that there are, as in KUBECONFIG."""
    named = environment.get("KUBECONFIG") or str(Path("~/.kube/config"))
    there = (Path(name).expanduser() for name in named.split(os.pathsep) if name)
    return os.pathsep.join(str(file) for file in there if file.is_file())


def _is_of(cluster_id: str, context: Mapping[str, Any]) -> bool:
    names = (context["name"], context["context"].get("cluster") or "")
    return any(name == cluster_id or name.endswith((f"/{cluster_id}", f"_{cluster_id}")) for name in names)


async def _access(found: Any, namespace: str | None) -> Access:
    """What was read, as far as it is safe."""
    parts = urlsplit(found.host)
    if parts.scheme != "https" and not is_loopback(parts.hostname):
        raise ConfigurationError(f"{parts.hostname}, a server of the kubeconfig, has no https: give it some")
    if not found.verify_ssl:
        raise ConfigurationError(
            f"insecure-skip-tls-verify of the kubeconfig would let anybody be {parts.hostname}: give it a "
            "certificate-authority instead"
        )
    token = await found.get_api_key_with_prefix("BearerToken")
    return Access(found.host.rstrip("/"), Secret(token) if token else None, _tls(found, parts.scheme), namespace)


def _tls(found: Any, scheme: str) -> ssl.SSLContext | None:
    if scheme != "https":
        return None
    try:
        context = ssl.create_default_context(cafile=found.ssl_ca_cert)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        if found.cert_file:
            context.load_cert_chain(found.cert_file, found.key_file)
    except (OSError, ssl.SSLError) as error:
        raise ConfigurationError(f"A certificate of the kubeconfig cannot be used: {error}") from error
    return context
