from __future__ import annotations

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chamber.core import ValidationError, path
from chamber.core.transport.connections import url_of

ALLOWED = string.ascii_letters + string.digits + "._~:@-"


def test_segments_are_joined_and_quoted():
    assert path("workloads", "wl_1", "cancel") == "workloads/wl_1/cancel"
    assert path("workloads", "a:b@c") == "workloads/a%3Ab%40c"


@pytest.mark.parametrize(
    "segment",
    [
        "",
        ".",
        "..",
        "%2e%2e",
        "a/b",
        "../admin",
        "a\\b",
        "a?b",
        "a#b",
        "a b",
        "a\n",
        "\n",
        "a\x00",
        "ä",
        "a%2Fb",
        "x" * 256,
        "a;b",
        None,
        7,
        b"wl",
        ["wl"],
    ],
)
def test_what_is_no_identifier_is_refused(segment):
    with pytest.raises(ValidationError, match="not an identifier"):
        path("workloads", segment)


def test_whoever_passes_no_identifier_is_told_what_one_looks_like():
    with pytest.raises(ValidationError) as caught:
        path("workloads", "a/b")
    assert caught.value.message == (
        "'a/b' is not an identifier: pass the id as the API returned it, 1 to 255 characters of letters, digits and "
        ". _ ~ : @ -"
    )


@given(st.text(alphabet=ALLOWED, min_size=1, max_size=255).filter(lambda text: text not in {".", ".."}))
def test_an_identifier_stays_below_its_collection(identifier):
    url = url_of(f"https://api.example/v1/{path('workloads', identifier)}")
    assert url.parts == ("/", "v1", "workloads", identifier)
    assert url.query_string == url.fragment == ""


@given(st.text())
def test_any_text_is_an_identifier_or_refused(text):
    try:
        found = path("workloads", text)
    except ValidationError:
        return
    assert found.count("/") == 1
    assert set(text) <= set(ALLOWED)


@pytest.mark.parametrize("call", ["get_workload", "cancel_workload", "wait_for_completion"])
@pytest.mark.parametrize("identifier", ["..", "%2e%2e", "wl_1/../../teams", "wl_1?x=1", ""])
def test_no_call_leaves_its_collection(client, api, call, identifier):
    with pytest.raises(ValidationError):
        getattr(client, call)(identifier)
    assert api.requests == []


def test_what_is_asked_is_what_was_written(client, api):
    client.get_workload("a:b@c~d..e")
    assert api.requests[0].target == "/v1/workloads/a%3Ab%40c~d..e"
