"""Ids, wherever one is given: a segment of a path, a header, a body, a name in a cluster."""

import ast
import re

from odd_inputs import check, literal
from yarl import URL

from chamber.core.paths import path
from chamber.core.settings import Settings
from chamber.core.testing import RecordingTransport, recorded_client
from chamber.run.job.names import job_name, label
from chamber.run.settings.keys import KEYS, is_environment_name

LABEL = re.compile(r"[a-z]([a-z0-9-]{0,61}[a-z0-9])?")


def test_every_id_is_sent_as_it_is_or_refused_before_anything_is_sent():
    check("ids.txt", 300, lambda case: READERS[case.what](given(case.input)))


def given(text):
    """The value that an input stands for; after ``obj:`` it is Python's."""
    return ast.literal_eval(text[4:]) if text.startswith("obj:") else literal(text).decode("utf-8", "surrogateescape")


def segment(value):
    """A path that stays in its collection."""
    made = URL(f"https://chamber.test/v1/{path('workloads', value, 'cancel')}", encoded=True)
    assert made.parts[:3] == ("/", "v1", "workloads")
    assert made.parts[4:] == ("cancel",)
    assert made.parts[3] == value
    return f"sent {made.raw_parts[3]}."


def organization(value):
    return f"is {Settings('ch.token', 'https://chamber.test/v1', value).organization_id}."


def external(value):
    """What a job is submitted with."""
    sent = {"id": "wl-1", "name": "n", "status": "QUEUED", "external_id": value}
    transport = RecordingTransport({"POST workloads": sent, "GET workloads": {"workloads": []}})
    with recorded_client(transport) as client:
        client.submit_job("n", "t-1", "H100", external_id=value)
    assert transport.calls[0].headers["Idempotency-Key"].isascii()
    return f"sent {transport.calls[0].body['external_id']}."


def query(value):
    transport = RecordingTransport({"GET workloads": {"workloads": []}})
    with recorded_client(transport) as client:
        client.list_workloads(initiative_id=value)
    return f"arrives {transport.calls[0].params['initiative_id']}."


def token(value):
    settings = Settings(value, "https://chamber.test/v1")
    assert settings.token.reveal() == value.strip()
    return "taken"


def url(value):
    return f"at {Settings('ch.token', value).api_url}."


def team(value):
    return f"is {KEYS['team'].checked(value, 'team=')}."


def variable(value):
    return f"{is_environment_name(value)}"


def job(value):
    name = job_name(value, "abc123")
    assert LABEL.fullmatch(name)
    assert len(name) <= 52
    return f"is {name}."


def ray(value):
    name = job_name(value, "abc123", "RayJob")
    assert LABEL.fullmatch(name)
    assert len(name) <= 47
    return f"is {name}."


def tag(value):
    name = label(value)
    assert LABEL.fullmatch(name)
    return f"is {name}."


READERS = {
    reader.__name__: reader
    for reader in (segment, organization, external, query, token, url, team, variable, job, ray, tag)
}
