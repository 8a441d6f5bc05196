"""Every operation of chamber.core, chamber.metrics and chamber.admin: how it is called and what answers it."""

from collections.abc import Callable
from typing import Any, NamedTuple

import subjects
from mixes import Mix, said, wrapped
from subjects import Subject

from chamber.core.errors import SubmissionUnknownError, UnexpectedResponseError, WaitTimeout


class Call(NamedTuple):
    """One operation."""

    operation: str
    arguments: tuple[Any, ...]
    endpoint: str
    subject: Subject
    #: "one" thing, a "list" of two, a "page", a "search" or a "ranking".
    shape: str = "one"
    #: What the operation returns → the thing, or a list of them.
    found: Callable[[Any], Any] = lambda result: result
    options: dict[str, Any] = {}

    @property
    def is_of_many(self) -> bool:
        return self.shape != "one"

    @property
    def envelopes(self) -> tuple[tuple[str, ...], ...]:
        """The envelopes that may be around what it answers."""
        own = self.subject.envelopes
        if self.is_of_many:
            keys = tuple(key for key in own if key.endswith("s")) or own
            inner = {"list": (*keys, "items", "results"), "ranking": keys}.get(self.shape, ("items", "results", *keys))
            around = ((), *((key,) for key in ("data", "body"))) if self.shape in {"list", "page"} else ()
            return (*around, *((k,) for k in inner), *((outer, k) for outer in ("data", "body") for k in inner))
        singular = tuple(key for key in own if not key.endswith("s"))
        inner = ((), *((key,) for key in singular))
        return tuple((*outer, *key) for outer in ((), ("data",), ("body",), ("data", "body")) for key in inner)

    def body(self, mix: Mix) -> Any:
        """The answer, said in that way."""
        if not self.is_of_many:
            return wrapped(said(self.subject, mix), mix)
        second = {**said(self.subject, mix._replace(optionals="missing", unknown=False))}
        second = {key: f"{value}_b" if value == self.subject.fields["id"] else value for key, value in second.items()}
        envelope = mix.envelope if mix.envelope or () in self.envelopes else self.envelopes[0]
        return wrapped([said(self.subject, mix), second], mix._replace(envelope=envelope))

    def of(self, client: Any) -> Any:
        """What it finds; of an answer that was not understood, the error that says so."""
        try:
            result = getattr(client, self.operation)(*self.arguments, **self.options)
            return self.found(result)
        except (SubmissionUnknownError, WaitTimeout) as error:
            if isinstance(error.__cause__, UnexpectedResponseError):
                raise error.__cause__ from error
            raise


def _batch(result: Any) -> Any:
    return list(result.raise_for_failures())


def _only(result: Any) -> Any:
    (found,) = result
    return found


def _workload(operation: str, *arguments: Any, endpoint: str = "GET workloads/wl_1", **others: Any) -> Call:
    return Call(operation, arguments, endpoint, subjects.WORKLOAD, **others)


CALLS = [
    _workload(
        "submit_job",
        "train",
        "team",
        "H100",
        endpoint="POST workloads",
        options={"on_ambiguous": "raise", "external_id": "mine-1"},
    ),
    _workload("get_workload", "wl_1"),
    _workload("cancel_workload", "wl_1", endpoint="POST workloads/wl_1/cancel"),
    _workload("wait_for_completion", "wl_1"),
    _workload("watch_workload", "wl_1", found=lambda states: _only(list(states))),
    _workload("wait_for_all", ["wl_1"], found=lambda batch: _only(_batch(batch)), options={"timeout": 0}),
    _workload("get_workloads", ["wl_1", "wl_1_b"], endpoint="GET workloads", shape="page", found=_batch),
    _workload("list_workloads", endpoint="GET workloads", shape="page", found=list),
    _workload("iter_workloads", endpoint="GET workloads", shape="page", found=list),
    _workload("search_workloads", endpoint="POST workloads/search", shape="search", found=list),
    _workload("iter_search", endpoint="POST workloads/search", shape="search", found=list),
    Call("get_workload_aggregations", ("gpu_type",), "GET workloads/aggregations", subjects.COUNTS),
    Call("get_capacity", (), "GET capacity", subjects.CAPACITY),
    Call("health", (), "GET health", subjects.HEALTH),
    Call("get_workload_metrics", ("wl_1",), "GET workloads/wl_1/metrics", subjects.METRICS),
    Call("get_global_metrics", (), "GET metrics", subjects.GLOBAL_METRICS),
    Call(
        "get_batch_workload_metrics",
        (),
        "GET workloads/metrics",
        subjects.RANKED,
        "ranking",
        lambda batch: batch.workloads,
    ),
    Call("get_workload_stats", (), "GET workloads/stats", subjects.STATS),
    Call("list_teams", (), "GET teams", subjects.TEAM, "list"),
    Call("create_team", ("ML",), "POST teams", subjects.TEAM),
    Call("get_team", ("team_1",), "GET teams/team_1", subjects.TEAM),
    Call("list_templates", (), "GET templates", subjects.TEMPLATE, "list"),
    Call("get_template", ("tmpl_1",), "GET templates/tmpl_1", subjects.TEMPLATE),
    Call("list_allocations", ("team",), "GET customer/allocations", subjects.ALLOCATION, "list"),
    Call("create_allocation", ("team", "res_1", 4), "POST customer/allocations", subjects.ALLOCATION),
    Call("get_allocation", ("alloc_1",), "GET customer/allocations/alloc_1", subjects.ALLOCATION),
]
