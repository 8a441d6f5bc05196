"""What is logged, and where it goes."""

import logging
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chamber.core.logs import logger, redacted_event
from chamber.core.redaction import Secret, redacted
from chamber.core.testing import RecordingTransport, Reply, recorded_client

TOKEN = "sesame-opens-4711"


@pytest.fixture
def secret():
    return Secret(TOKEN)


@pytest.mark.parametrize(
    "form", [TOKEN, "c2VzYW1lLW9wZW5zLTQ3MTE=", "sesame-opens-4711"], ids=["plain", "base64", "quoted"]
)
def test_a_living_secret_is_never_shown(secret, form):
    assert redacted(f"<{form}>") == "<***>"


def test_a_secret_with_odd_characters_is_known_in_a_url():
    kept = Secret("a/b+c d?e=f")
    assert redacted("https://x.test/?q=a%2Fb%2Bc%20d%3Fe%3Df") == "https://x.test/?q=***"
    assert kept.reveal() == "a/b+c d?e=f"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Authorization: Bearer abcdefgh.ijk", "Authorization: Bearer ***"),
        ("authorization: basic QWxhZGRpbjpvcGVu", "authorization: basic ***"),
        ("https://ada:lovelace@registry.test/v2/", "https://***@registry.test/v2/"),
        ("token ch.0123456789abcdefXYZ leaked", "token *** leaked"),
        ("eyJhbGciOiJIUzI1.eyJzdWIiOiIx.c2lnbmF0dXJl", "***"),
    ],
)
def test_what_looks_like_a_credential_is_not_shown(text, shown):
    assert redacted(text) == shown


@given(st.text(alphabet=st.characters(categories=["L", "N", "Zs"]), max_size=60))
def test_a_text_without_secrets_stays_as_it_is(text):
    assert redacted(f"[{text}]", TOKEN) == f"[{text}]"


def test_events_are_redacted_at_every_depth(secret):
    event = {"event": f"sent {TOKEN}", "headers": {"Authorization": TOKEN}, "list": [TOKEN, 1], "n": 2, "o": {TOKEN}}
    assert TOKEN not in repr(redacted_event(None, "info", event))
    assert redacted_event(None, "info", {"n": 2, "none": None}) == {"n": 2, "none": None}


def test_an_application_that_listens_hears_of_a_retry(caplog):
    transport = RecordingTransport({"GET health": [Reply(503), {"status": "healthy"}]})
    with caplog.at_level(logging.DEBUG, logger="chamber"), recorded_client(transport) as client:
        client.health()
    assert "call is retried" in caplog.text
    assert "attempt=1" in caplog.text


def test_a_message_with_a_per_cent_sign_is_logged_as_it_is(caplog):
    with caplog.at_level(logging.INFO, logger="chamber"):
        logger("chamber.test").info("100 % of %s", done=True)
    assert "100 % of %s" in caplog.text


def test_nothing_is_printed_when_nobody_listens():
    program = (
        "import structlog; from chamber.core.logs import logger\n"
        "log = logger('chamber.test'); log.error('fault', why='x'); log.warning('w'); log.debug('d')\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
