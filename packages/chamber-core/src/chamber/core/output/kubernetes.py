"""Output from the pods themselves, by the API of their Kubernetes cluster.

kubernetes.io: GET /api/v1/namespaces/{namespace}/pods/{name}/log, with follow, timestamps, sinceTime and tailLines.
"""

from __future__ import annotations

import string
from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from contextlib import aclosing, asynccontextmanager
from types import TracebackType
from typing import Any, Self
from urllib.parse import quote, urlencode

import msgspec

from chamber.core.errors import ChamberError, NotFoundError, TransportError, UnexpectedResponseError, for_status
from chamber.core.models import LogLine, Workload
from chamber.core.output.clusters import Access, access
from chamber.core.output.lines import Lines, text_of
from chamber.core.output.sources import Pod, Reading
from chamber.core.output.stamps import Place, Resumed, stamped
from chamber.core.transport import Elsewhere, Streamed, Transport

__all__ = ["KubernetesOutput", "selectors"]

_INDEX = "batch.kubernetes.io/job-completion-index"
_DEFAULT_CONTAINER = "kubectl.kubernetes.io/default-container"
#: Seconds: for an answer that is short, for one that is followed, and without a byte before that is given up.
_SHORT, _LONG, _SILENCE = 30.0, 86_400.0, 60.0
_LARGEST = 32 << 20
#: What a label's value may be of (Kubernetes: labels and selectors).
_LABEL, _LONGEST_LABEL = frozenset(string.ascii_letters + string.digits + "-_."), 63


class _Metadata(msgspec.Struct):
    name: str
    annotations: dict[str, str] | None = None


class _Container(msgspec.Struct):
    name: str


class _Spec(msgspec.Struct):
    containers: list[_Container]


class _State(msgspec.Struct):
    running: Any = None
    terminated: Any = None


class _ContainerStatus(msgspec.Struct):
    name: str
    state: _State = msgspec.field(default_factory=_State)


class _Status(msgspec.Struct, rename="camel"):
    container_statuses: list[_ContainerStatus] | None = None


class _Pod(msgspec.Struct):
    metadata: _Metadata
    spec: _Spec
    status: _Status = msgspec.field(default_factory=_Status)

    @property
    def container(self) -> str:
        """The one whose output is that of the pod."""
        return (self.metadata.annotations or {}).get(_DEFAULT_CONTAINER) or self.spec.containers[0].name

    @property
    def state(self) -> _State:
        statuses = self.status.container_statuses or ()
        return next((status.state for status in statuses if status.name == self.container), _State())

    @property
    def index(self) -> int | None:
        told = (self.metadata.annotations or {}).get(_INDEX, "")
        return int(told) if told.isdecimal() else None


class _Pods(msgspec.Struct):
    items: list[_Pod]


class KubernetesOutput:
    """The output of a workload's pods. A place is the time of a line, and which line of that time it is."""

    def __init__(self, transport: Transport, workload: Workload, allowed: Access) -> None:
        self._transport, self._workload, self._access = transport, workload, allowed
        self._elsewhere: Elsewhere = transport.elsewhere(allowed.tls)
        self._was_let_in = False
        self._selectors = selectors(workload)
        self._namespace = _checked(workload.namespace or allowed.namespace or "default")

    @classmethod
    async def of(cls, transport: Transport, workload: Workload) -> Self:
        """Where that workload's cluster is. Raises as `chamber.core.output.clusters.access` does."""
        return cls(transport, workload, await access(workload.cluster_id))

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._elsewhere.close()

    async def pods(self) -> Sequence[Pod]:
        """Those whose container runs or has run. Raises NotFoundError: they are gone."""
        for selector in self._selectors:
            if found := (await self._asked("pods", _Pods, labelSelector=selector)).items:
                self._selectors = (selector,)
                started = [pod for pod in found if pod.state.running or pod.state.terminated]
                return sorted((Pod(p.metadata.name, p.index) for p in started), key=lambda p: (p.index or 0, p.name))
        if self._workload.is_terminal and self._workload.started_at:
            raise NotFoundError(
                f"Workload {self._workload.id} has ended and its pods are gone from namespace {self._namespace}, and "
                "their output with them: where logs are collected in your cluster they may still be there"
            )
        return ()

    async def read(self, pod: Pod, *, follow: bool, tail: int | None, after: Any) -> Reading:
        """As a `LogSource` does."""
        place: Place | None = after
        while True:
            try:
                now = await self._asked(f"pods/{quote(pod.name, safe='')}", _Pod)
                whole = not follow or bool(now.state.terminated)
                async with aclosing(self._lines(pod, now.container, place, follow=not whole, tail=tail)) as lines:
                    async for reached, line in lines:
                        place = reached
                        yield place, line
                if whole:
                    return
                later = await self._asked(f"pods/{quote(pod.name, safe='')}", _Pod)
            except NotFoundError:  # the pod was taken away, and what it printed with it
                return
            if not later.state.terminated:
                raise TransportError(f"The output of pod {pod.name} ended before the pod did")

    async def _lines(
        self, pod: Pod, container: str, place: Place | None, *, follow: bool, tail: int | None
    ) -> AsyncGenerator[tuple[Place | None, LogLine | None], None]:
        """What one answer has behind the place. It may be cut off anywhere, and begins before the place."""
        known = Resumed(place)
        asked = {
            "container": container,
            "timestamps": "true",
            **({"follow": "true"} if follow else {}),
            **({"sinceTime": place.since} if place else {}),
            **({"tailLines": str(tail)} if tail is not None and place is None else {}),
        }
        async with self._got(self._url(f"pods/{quote(pod.name, safe='')}/log", asked), _LONG) as answer:
            yield place, None
            async for raw in _raw(answer, unfinished=not follow):
                stamp, text = stamped(text_of(raw))
                if stamp is not None and known.knows(stamp):
                    continue
                place = place if stamp is None else place.behind(stamp) if place else Place(stamp)
                yield place, LogLine(text, pod.name, stamp.time if stamp else None)

    async def _asked(self, what: str, kind: type[Any], **params: str) -> Any:
        async with self._got(self._url(what, params), _SHORT) as answer:
            body = await answer.read(_LARGEST)
        try:
            return msgspec.json.decode(body, type=kind)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise UnexpectedResponseError(f"The cluster's answer about {what} is not understood: {error}") from error

    @asynccontextmanager
    async def _got(self, url: str, timeout: float) -> AsyncIterator[Streamed]:
        """An answer that is good. Raises ChamberError: it is another, or none came."""
        headers = self._access.headers
        async with self._elsewhere.get(url, headers, timeout=timeout, silence=_SILENCE) as answer:
            if answer.status >= 300:
                raise await self._refused(answer, url)
            self._was_let_in = True
            yield answer

    async def _refused(self, answer: Streamed, url: str) -> ChamberError:
        said = _message(await answer.read(1 << 16, cut=True))
        if answer.status == 400 and "waiting to start" in said:
            return TransportError(f"The cluster says: {said}")
        if answer.status == 401 and self._was_let_in:  # a login may have run out meanwhile
            self._access, self._was_let_in = await access(self._workload.cluster_id), False
            return TransportError(f"The cluster no longer takes the login: {said}")
        advice = {
            401: "log in to the cluster again",
            403: f"ask for leave to get and list pods and pods/log in namespace {self._namespace}",
        }.get(answer.status, "look at the pod with kubectl")
        return for_status(answer.status)(
            f"The cluster answered {answer.status}: {said}; {advice}", answer.status, method="GET", url=url
        )

    def _url(self, what: str, params: Mapping[str, str]) -> str:
        query = f"?{urlencode(params)}" if params else ""
        return f"{self._access.server}/api/v1/namespaces/{self._namespace}/{what}{query}"


def _of(pod: Pod) -> str:
    return f"pods/{quote(pod.name, safe='')}"


async def _raw(answer: Streamed, *, unfinished: bool) -> AsyncIterator[bytes]:
    """The lines of an answer; the last one, without a line break, only when nothing follows it."""
    lines = Lines()
    async for chunk in answer.chunks():
        for line in lines.feed(chunk):
            yield line
    if unfinished and lines.rest:
        yield lines.take()


def selectors(workload: Workload) -> tuple[str, ...]:
    """The labels by which the pods of a workload are looked for: the first that finds some are its own."""
    team = workload.initiative_id
    named = f"batch.kubernetes.io/job-name={workload.name},chamber.io/team={team}"
    wanted = (
        (f"chamber.io/external-id={workload.external_id}", workload.external_id),
        (f"chamber.io/workload-id={workload.id}", workload.id),
        (named, workload.name if team and _is_label(team) else None),
    )
    return tuple(selector for selector, value in wanted if value and _is_label(value))


def _checked(namespace: str) -> str:
    if not _is_label(namespace):
        raise UnexpectedResponseError(f"The API names the namespace {namespace!r}, and none can be called so")
    return namespace


def _is_label(text: str) -> bool:
    ends = text[:1].isalnum() and text[-1:].isalnum()
    return ends and len(text) <= _LONGEST_LABEL and _LABEL.issuperset(text)


def _message(body: bytes) -> str:
    """What an answer of Kubernetes says (Status.message), or its beginning."""
    try:
        told = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError):
        told = None
    message = told.get("message") if isinstance(told, dict) else None
    return str(message or body[:200].decode(errors="replace") or "nothing")
