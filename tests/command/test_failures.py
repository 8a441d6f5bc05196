"""An error is one line, an exit code, and what to do next."""

import pathlib
import re

import click
import pytest

from chamber.command import failures
from chamber.core import errors

README = pathlib.Path(__file__).parents[2] / "packages" / "chamber-command" / "README.md"
EVERY = [
    getattr(errors, name)
    for name in errors.__all__
    if name.endswith(("Error", "Timeout", "Exceeded", "Conflict", "Refused"))
]


@pytest.mark.parametrize(
    ("kind", "code"),
    [
        (errors.ConfigurationError, 2),
        (errors.ValidationError, 2),
        (errors.BudgetExceededError, 2),
        (errors.MissingExtraError, 2),
        (errors.PluginError, 2),
        (errors.AuthenticationError, 3),
        (errors.AuthorizationError, 3),
        (errors.NotFoundError, 4),
        (errors.ConflictError, 5),
        (errors.IdempotencyConflict, 5),
        (errors.RateLimitError, 6),
        (errors.ServerError, 6),
        (errors.UnexpectedResponseError, 6),
        (errors.RedirectRefused, 6),
        (errors.TransportError, 6),
        (errors.DeadlineExceeded, 6),
        (errors.WaitTimeout, 7),
        (errors.WorkloadFailedError, 8),
        (errors.DockerError, 9),
        (errors.SubmissionUnknownError, 10),
        (errors.ClientClosedError, 1),
        (errors.ChamberError, 1),
        (ZeroDivisionError, 1),
        (KeyboardInterrupt, 130),
        (click.UsageError, 2),
    ],
)
def test_each_kind_of_error_has_its_exit_code(kind, code):
    assert failures.code_of(kind("it went wrong")) == code


@pytest.mark.parametrize("kind", EVERY)
def test_every_error_of_the_family_is_one_line_with_the_id_of_the_request(kind):
    error = kind("It\nwent\x1b[31m wrong", 400, request_id="req_1")
    told = failures.sentence(error)
    assert told.isprintable()
    assert told.startswith("It went?[31m wrong")
    assert told.endswith("(request req_1)")


def test_advice_that_an_error_gives_itself_is_not_given_twice():
    error = errors.AuthenticationError("Expired: run chamber login")
    assert failures.sentence(error) == "Expired: run chamber login"


def test_an_error_of_ours_that_nobody_thought_of_says_where_to_look():
    assert failures.sentence(ZeroDivisionError("no")) == "Unexpected ZeroDivisionError: no; --debug tells more"


def test_a_missing_package_is_named_with_how_to_install_it():
    message = "ChamberClient.run() comes with chamber-run, which is not installed: pip install chamber-run"
    error = AttributeError(message, name="run", obj=None)
    assert (failures.code_of(error), failures.sentence(error)) == (2, message)


def test_a_mistake_of_ours_is_no_missing_package():
    assert failures.code_of(AttributeError("no", name="nothing", obj=None)) == 1


def test_the_output_that_an_error_quotes_is_left_out():
    error = errors.DockerError("docker could not build x (exit code 7). The last lines it wrote:\nStep 1\nno")
    assert failures.sentence(error) == "docker could not build x (exit code 7); `chamber doctor` looks for the cause"


def test_the_whole_story_holds_no_secret():
    from chamber.core.redaction import Secret

    token = Secret("ch.abcdefghijklmnop1234")
    try:
        raise errors.ServerError(f"It sent {token.reveal()}", 503, code="DOWN", attempts=3, details=[token.reveal()])
    except errors.ServerError as error:
        told = failures.everything(error)
    assert token.reveal() not in told
    assert "Traceback" in told
    assert "attempts: 3" in told
    assert "code: DOWN" in told


def test_the_readme_has_every_exit_code():
    table = re.findall(r"^\| (\d+) \| (.*) \|$", README.read_text("utf-8"), re.MULTILINE)
    assert {int(code): told for code, told in table} == failures.CODES


@pytest.mark.parametrize(("word", "told"), [("wl_1", "'wl_1'"), ("sesame-opens-4711", "'ses…'")])
def test_words_too_many_are_told_by_the_first_of_them_and_not_in_full(cli, word, told):
    done = cli("workloads", "list", word, "another-one")
    assert (done.exit_code, done.stdout, done.stderr.count("\n")) == (2, "", 1)
    assert f"There are words too many, from {told} on" in done.stderr
    assert "another-one" not in done.stderr


def test_a_submission_that_nobody_knows_of_is_looked_for_by_a_command():
    asked = "before that ask client.resolve_submission({!r})"
    for external_id in ("cb-1", "it's mine"):
        error = errors.SubmissionUnknownError(asked.format(external_id))
        assert failures.sentence(error) == f"before that ask `chamber submissions resolve {external_id}`"
    interrupted = KeyboardInterrupt()
    interrupted.add_note(asked.format("cb-1"))
    assert failures.sentence(interrupted) == "Interrupted; before that ask `chamber submissions resolve cb-1`"
