"""What schemathesis cannot know of a Chamber: which ids there are, and that the fewest pods are at most the pods."""

import json
import os

import schemathesis
from hypothesis import strategies

for name, value in json.loads(os.environ["KNOWN"]).items():
    schemathesis.openapi.format(name, strategies.just(value))


@schemathesis.hook
def map_body(context: object, body: object) -> object:
    """Without the one or the other there is nothing to compare."""
    if isinstance(body, dict) and body.get("min_pods") is not None and body.get("requested_pods") is not None:
        return {**body, "min_pods": None}
    return body
