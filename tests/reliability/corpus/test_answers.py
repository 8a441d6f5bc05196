"""Answers of the API, in either dialect and in none, as the public calls read them."""

import json

from odd_inputs import check, literal

from chamber.core.testing import RecordingTransport, Reply, recorded_client

CALLS = {
    "workload": ("get_workload", "wl-1"),
    "cancel": ("cancel_workload", "wl-1"),
    "list": ("list_workloads",),
    "every": ("iter_workloads",),
    "search": ("search_workloads",),
    "found": ("iter_search",),
    "counts": ("get_workload_aggregations", "status"),
    "capacity": ("get_capacity",),
    "health": ("health",),
    "metrics": ("get_workload_metrics", "wl-1"),
    "global": ("get_global_metrics",),
    "batch": ("get_batch_workload_metrics",),
    "stats": ("get_workload_stats",),
    "team": ("get_team", "t-1"),
    "teams": ("list_teams",),
    "template": ("get_template", "tmpl-1"),
    "templates": ("list_templates",),
    "allocation": ("get_allocation", "a-1"),
    "allocations": ("list_allocations", "t-1"),
}
#: In the inputs ``{@`` begins a workload that has all that it needs.
WORKLOAD = '{"id":"wl-1","name":"n","status":"RUNNING"'


class Answering(RecordingTransport):
    """Gives one answer to everything."""

    def _reply(self, call):
        return self.replies["reply"]


def test_every_answer_is_a_result_or_our_error():
    transport = Answering()
    with recorded_client(transport) as client:
        check("answers.txt", 1, lambda case: read_as(case.what, 200, case.input, client, transport))


def test_every_failure_is_our_error_that_says_what_to_do():
    transport = Answering()
    with recorded_client(transport) as client:
        check("failures.txt", 1, lambda case: read_as("workload", int(case.what), case.input, client, transport))


def read_as(what, status, body, client, transport):
    """What the client makes of it, as JSON without quotation marks."""
    body = literal(body.replace("{@", WORKLOAD))
    transport.replies = {"reply": Reply(status, body, {"Content-Type": "application/json"})}
    name, *arguments = CALLS[what]
    found = getattr(client, name)(*arguments)
    found = found if isinstance(found, dict) or hasattr(found, "to_dict") else list(found)
    repr(found)
    return json.dumps(plain(found)).replace('"', "")


def plain(found):
    if isinstance(found, dict):
        return {"workloads": plain(found.workloads), "teams": plain(found.teams)}
    return [item.to_dict() for item in found] if isinstance(found, list) else found.to_dict()
