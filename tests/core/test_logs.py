"""What is logged, and where it goes."""

import ast
import errno
import io
import logging
import pathlib
import subprocess
import sys

import pytest
import structlog
from hypothesis import given
from hypothesis import strategies as st

from chamber.core.logs import logger, redacted_event
from chamber.core.redaction import Secret, redacted
from chamber.core.testing import RecordingTransport, Reply, recorded_client

ROOT = pathlib.Path(__file__).parents[2]
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


class Exhausted:
    """Finds no module, because no descriptor is left to look with."""

    @staticmethod
    def find_spec(name, *_):
        if name == "structlog":
            raise OSError(errno.EMFILE, "Too many open files")


@pytest.mark.parametrize("lack", ["not there", "not to be read"])
def test_what_cannot_be_rendered_is_logged_all_the_same_and_without_secrets(monkeypatch, caplog, secret, lack):
    if lack == "not there":
        monkeypatch.setitem(sys.modules, "structlog", None)
    else:
        monkeypatch.delitem(sys.modules, "structlog")
        monkeypatch.setattr(sys, "meta_path", [Exhausted, *sys.meta_path])
    logger("chamber.core.somewhere").warning("not kept", file="journal", why=f"sent {TOKEN} 100 %")
    assert caplog.messages == ["event='not kept' {'file': 'journal', 'why': 'sent *** 100 %'}"]


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


def test_an_exception_is_logged_with_its_traceback_and_without_secrets(secret, caplog):
    with caplog.at_level(logging.INFO, logger="chamber"):
        try:
            raise ValueError(f"refused {TOKEN}")
        except ValueError:
            logger("chamber.test").exception("it failed", why=TOKEN)
    assert caplog.records[0].getMessage().startswith("event='it failed' why='***'\nTraceback (most recent call last):")
    assert caplog.text.rstrip().endswith("ValueError: refused ***")
    assert TOKEN not in caplog.text


@pytest.mark.parametrize("told", [True, "itself", "triple"])
def test_the_processor_makes_a_text_of_whatever_stands_for_an_exception(secret, told):
    try:
        raise ValueError(f"refused {TOKEN}")
    except ValueError as error:
        shown = {True: True, "itself": error, "triple": sys.exc_info()}[told]
        event = redacted_event(None, "error", {"event": "e", "exc_info": shown})
    assert event["event"] == "e"
    assert "exc_info" not in event
    assert event["exception"].startswith("Traceback")
    assert event["exception"].endswith("ValueError: refused ***")


@pytest.mark.parametrize("nothing", [None, False, True, (None, None, None)])
def test_without_an_exception_there_is_no_traceback(nothing):
    assert "exception" not in redacted_event(None, "info", {"event": "e", "exc_info": nothing})


def test_an_application_that_configures_structlog_hears_no_secret(secret):
    heard = []
    structlog.configure([redacted_event, lambda _logger, _method, event: heard.append(event) or event["event"]])
    try:
        structlog.wrap_logger(structlog.PrintLogger(io.StringIO())).info(f"sent {TOKEN}", header={TOKEN: [TOKEN]})
    finally:
        structlog.reset_defaults()
    assert heard == [{"event": "sent ***", "header": {"***": ["***"]}}]


def test_every_logger_of_ours_redacts_and_nothing_is_printed():
    """A logger of the standard library's own would say what it is told; a program that listens has to know it."""
    allowed = {"logs.py", "portal.py", "debugging.py"}
    files = [file for file in ROOT.glob("packages/chamber-*/src/**/*.py") if file.name not in allowed]
    assert len(files) > 200
    assert [file.name for file in files if "logging" in _imports(file)] == []


def test_a_call_switches_no_logger_of_others_on():
    program = (
        "import logging\n"
        "from chamber.core.testing import RecordingTransport, recorded_client\n"
        "with recorded_client(RecordingTransport({'GET health': {'status': 'healthy'}})) as client: client.health()\n"
        "import chamber.run, chamber.local, chamber.run.operations\n"
        "every = logging.Logger.manager.loggerDict\n"
        "made = [every[name] for name in every if isinstance(every[name], logging.Logger)]\n"
        "print([one.name for one in made if (one.handlers or one.level) and one.name != 'chamber'])\n"
        "print(logging.root.handlers, logging.root.level == logging.WARNING)\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert (done.stderr, done.stdout.splitlines()[1]) == ("", "[] True")
    assert [
        name for name in ast.literal_eval(done.stdout.splitlines()[0]) if name.startswith(("aiohttp", "chamber"))
    ] == []


def _imports(file):
    found = [node for node in ast.walk(ast.parse(file.read_text("utf-8"))) if isinstance(node, ast.Import)]
    return {name.name for node in found for name in node.names}
