from __future__ import annotations

import base64
import binascii
import copy
import html
import json
import pickle
import re
import shlex
import string
import sys
import threading
import urllib.parse
import xml.sax.saxutils

import msgspec
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from chamber.core.errors import DockerError, ResponseError, TransportError
from chamber.core.redaction import Secret, cleaned, forms, redacted

KEY = (
    "-----BEGIN PRIVATE KEY-----\n"
    "MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQC7VJTUt9Us8cKj\n"
    "MzEfYyjiWA4R4/M2bS1GB4t7NXp98C3SC6dVMvDuictGeurT8jNbvJZHtCSuYEvu\n"
    "-----END PRIVATE KEY-----\n"
)

#: How a text comes out of what people send it through; none of these is taken from the redactor.
ENCODINGS = {
    "plain": str,
    "base64": lambda text: base64.b64encode(text.encode()).decode(),
    "base64 for URLs": lambda text: base64.urlsafe_b64encode(text.encode()).decode(),
    "base64 without padding": lambda text: base64.b64encode(text.encode()).decode().rstrip("="),
    "base64 behind a user's name": lambda text: base64.b64encode(f"ada:{text}".encode()).decode(),
    "base64 behind one byte": lambda text: base64.b64encode(f"a{text}b".encode()).decode(),
    "base64 behind two bytes": lambda text: base64.urlsafe_b64encode(f"ab{text}c".encode()).decode(),
    "quoted in a URL": lambda text: urllib.parse.quote(text, safe=""),
    "quoted in a path": urllib.parse.quote,
    "quoted in small letters": lambda text: _small(urllib.parse.quote(text, safe="")),
    "quoted in a form": urllib.parse.quote_plus,
    "JSON": json.dumps,
    "JSON in UTF-8": lambda text: json.dumps(text, ensure_ascii=False),
    "JSON by msgspec": lambda text: msgspec.json.encode(text).decode(),
    "hexadecimal": lambda text: text.encode().hex(),
    "hexadecimal in capitals": lambda text: binascii.hexlify(text.encode()).decode().upper(),
    "reversed": lambda text: text[::-1],
    "a repr": repr,
    "HTML": html.escape,
    "XML": xml.sax.saxutils.escape,
    "the words of a shell": shlex.quote,
}

#: As tokens and passwords are: no part of them is an English word, and none holds the mask.
VALUES = st.text(
    st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"], exclude_characters="*"), min_size=8
).filter(lambda text: len(set(text)) >= 6 and text == text.strip() and not text.isspace())
PROSE = st.text(alphabet=string.ascii_letters + string.digits + " .,:;/\n()[]=%+-", max_size=200)


def _small(quoted):
    return re.sub("%..", lambda escape: escape[0].lower(), quoted)


def test_a_secret_shows_itself_to_nobody_but_who_asks():
    secret = Secret("very-secret")
    shown = f"{secret} {secret!r} {secret!s} {secret!a} {[secret]} {pickle.dumps(secret)!r} {vars(Secret)}"
    assert "very-secret" not in shown
    assert secret.reveal() == "very-secret"


def test_a_secret_is_three_stars_in_every_format():
    secret = Secret("very-secret")
    assert f"{secret:>5}|{secret:<4}|{secret!r:^5}" == "  ***|*** | *** "
    assert "%s %r %5s" % (secret, secret, secret) == "*** ***   ***"  # noqa: UP031 - of all ways to write it
    assert f"{secret}".join(["a", "b"]) == str.join(secret, ["a", "b"]) == "a***b"
    assert string.Template("$a").substitute(a=secret) == "***"


def test_a_secret_is_three_stars_in_json_and_to_whoever_takes_it_for_a_text():
    secret = Secret("very-secret")
    assert json.dumps({"token": secret, "n": [secret]}) == '{"token": "***", "n": ["***"]}'
    assert msgspec.json.encode({"token": secret}, enc_hook=str) == b'{"token":"***"}'
    assert (secret.encode(), len(secret), secret + "!", secret[:2]) == (b"***", 3, "***!", "**")
    with pytest.raises(TypeError, match="unsupported"):
        msgspec.json.encode(secret)


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_a_pickled_secret_is_gone(protocol):
    class_and_value = pickle.loads(pickle.dumps(Secret("very-secret"), protocol))
    assert type(class_and_value) is Secret
    assert class_and_value.reveal() == "***"


def test_a_copy_within_the_process_is_the_same_secret():
    assert copy.copy(Secret("a")) == copy.deepcopy(Secret("a")) == Secret("a")
    assert Secret(Secret("hidden")).reveal() == "hidden"


def test_secrets_are_compared_by_what_they_are():
    assert Secret("a") == Secret("a") != Secret("b")
    assert Secret("a") != "a" != Secret("a")
    assert Secret("a") != "***" != Secret("a")
    assert len({Secret("a"), Secret("a"), Secret("b")}) == 2


def test_a_secret_is_true_when_there_is_one():
    assert Secret("a")
    assert not Secret("")


@pytest.mark.parametrize("nothing", [None, "", Secret("")])
def test_a_text_without_secrets_is_not_altered(nothing):
    assert redacted("plain text", nothing, Secret("very-secret")) == "plain text"


def test_every_secret_is_taken_out_of_a_text():
    assert redacted("a one b two one", Secret("one"), "two") == "a *** b *** ***"


@pytest.mark.parametrize("encoding", ENCODINGS)
@given(value=VALUES, before=PROSE, after=PROSE)
def test_a_planted_secret_is_removed_in_every_encoding(encoding, value, before, after):
    written = ENCODINGS[encoding](value)
    shown = redacted(f"{before} <{written}> {after}", value)
    assert written not in shown
    assert value not in shown
    assert "***" in shown


@given(PROSE, VALUES)
def test_a_text_without_a_secret_is_not_altered(text, value):
    assume(not any(form in text for form in forms(value)))
    assert redacted(text, value) == text


@given(PROSE, st.lists(VALUES, max_size=3))
def test_what_was_redacted_is_not_altered_again(text, values):
    once = redacted(" ".join([text, *values]), *values)
    assert redacted(once, *values) == once


@given(st.lists(VALUES, min_size=1, max_size=5, unique=True), PROSE)
def test_one_secret_hides_no_other(values, between):
    shown = redacted(between.join(["", *values, ""]), *values)
    assert not any(value in shown for value in values)


def test_of_two_secrets_that_begin_alike_the_longer_is_taken_out_whole():
    assert redacted("<sesame-opens><sesame-opens-too>", "sesame-opens", "sesame-opens-too") == "<***><***>"
    assert redacted("<ses><sesame-o>", "ses", "sesame-opens") == "<***><***ame-o>"


@pytest.mark.parametrize("line", KEY.splitlines()[1:-1])
def test_a_key_of_several_lines_is_known_by_each_of_them(line):
    assert redacted(f"read: {line} (64)", KEY) == "read: *** (64)"
    assert redacted(f"read: {line} (64)", json.dumps(KEY)[1:-1]) == "read: *** (64)"
    assert line[:40] not in redacted(base64.b64encode(line.encode()).decode(), KEY)


def test_the_first_line_of_a_key_is_no_secret():
    assert redacted("-----BEGIN PRIVATE KEY----- is missing", KEY) == "-----BEGIN PRIVATE KEY----- is missing"


@pytest.mark.parametrize(
    ("url", "part"),
    [
        ("https://ada:sesame-opens@pypi.test/simple", "sesame-opens"),
        ("https://ada:sesame%2Dopens%40@pypi.test/simple", "sesame-opens@"),
        ("https://t0ken-of-ada@pypi.test/simple", "t0ken-of-ada"),
    ],
)
def test_the_password_in_a_secret_url_is_a_secret_of_its_own(url, part):
    assert redacted(f"401 for {part}", url) == "401 for ***"
    assert redacted("ada asks pypi.test", url) == "ada asks pypi.test"


@pytest.mark.parametrize("scheme", ["Bearer", "Basic"])
def test_the_word_of_an_authorization_is_known_without_its_scheme(scheme):
    assert redacted("sent c2VzYW1l", f"{scheme} c2VzYW1l") == "sent ***"


def test_a_secret_url_that_is_none_is_still_a_secret():
    assert redacted("to https://ada:b@[::1", "https://ada:b@[::1") == "to ***"


def test_a_secret_is_forgotten_with_whoever_held_it():
    kept = Secret("kept-for-long")
    Secret("dropped-at-once")
    assert redacted("kept-for-long dropped-at-once") == "*** dropped-at-once"
    assert kept


def test_a_short_value_is_part_of_many_words_unless_it_is_named():
    kept = Secret("able")
    assert redacted("not able, unable") == "not able, unable"
    assert redacted("not able, unable", kept) == "not ***, un***"


def test_secrets_that_come_and_go_in_other_threads_do_not_disturb():
    over = threading.Event()

    def churn():
        while not over.is_set():
            [Secret(f"come-and-gone-{n}") for n in range(50)]

    threads = [threading.Thread(target=churn) for _ in range(4)]
    for thread in threads:
        thread.start()
    try:
        assert all(redacted("a text of words") == "a text of words" for _ in range(300))
    finally:
        over.set()
        for thread in threads:
            thread.join()


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ('{"Authorization": "Bearer abc"}', '{"Authorization": "Bearer ***"}'),
        ("Authorization=Token abcdef", "Authorization=Token ***"),
        ("proxy http://ada:b@d@proxy.test:3128 refused", "proxy http://***@proxy.test:3128 refused"),
        ("GET https://b.test/x?X-Amz-Signature=0a1b&n=2", "GET https://b.test/x?X-Amz-Signature=***&n=2"),
        ("https://b.test/x?a=1&sig=a%2Fb#end", "https://b.test/x?a=1&sig=***#end"),
        ('{"auths": {"r.test": {"auth": "YTpi"}}}', '{"auths": {"r.test": {"auth": "***"}}}'),
        ('{"access_token":"a\\"b","expires_in":3}', '{"access_token":"***","expires_in":3}'),
        ("export X=ghp_0123456789abcdefABCDEF", "export X=***"),
        ("glpat-0123456789abcdefABCD", "***"),
        ("key AKIAIOSFODNN7EXAMPLE.", "key ***."),
        (KEY, "-----BEGIN PRIVATE KEY-----***-----END PRIVATE KEY-----\n"),
    ],
)
def test_what_looks_like_a_credential_is_taken_out(text, shown):
    assert redacted(text) == shown


@pytest.mark.parametrize(
    "text",
    [
        "basic authentication is needed, bearer authentication too",
        "see https://docs.test/a/@b and mail ada@docs.test",
        "https://host.test/path?page=2&query=a@b",
        "the token was refused; token=... is an argument, password is another",
        '{"name": "token", "kind": "Secret"}',
        "eyJ is how tokens begin, ghp_ and hf_ too, and ch. as well",
        "-----BEGIN CERTIFICATE-----\nMIIEvQ\n-----END CERTIFICATE-----",
        "sha256:2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae",
    ],
)
def test_what_is_no_credential_is_left(text):
    assert redacted(text) == text


def test_the_work_grows_with_the_text_alone_and_not_with_the_secrets():
    """Counted in calls: the pattern is made once, and each text is gone through once by each pattern."""
    text = "a line of a log, which says nothing.\n" * 2_000
    few = [Secret(f"secret-{n}-of-few-0123456789") for n in range(2)]
    assert _calls(lambda: redacted(text, *few)) == _calls(lambda: redacted(text * 10, *few))
    many = [Secret(f"{n}-secret-of-many-{n * 7919:x}") for n in range(300)]
    assert _calls(lambda: redacted(text, *few, *many)) - _calls(lambda: redacted(text, *few)) <= 10 * len(many)


def test_a_text_full_of_beginnings_of_secrets_is_gone_through_once():
    secret = Secret("a" * 200 + "b")
    calls = [_calls(lambda size=size: redacted("a" * size, secret)) for size in (1_000, 2_000, 4_000)]
    assert (calls[2] - calls[1]) <= 2.2 * (calls[1] - calls[0])


@pytest.mark.parametrize(
    "begun",
    [
        "a.",
        "://a@",
        "://",
        "bearer ",
        "basic    a",
        "authorization: ",
        '"token":"\\',
        "?token",
        "eyJaaaaaaaa.",
        "-----BEGIN ",
        "-----BEGIN PRIVATE KEY-----",
        "ghp_",
        "AKIA",
        "ch.",
    ],
)
def test_no_pattern_reads_a_text_again_and_again(begun):
    """A pattern that did would take hours for this, and not end within the limit of a test."""
    assert len(redacted(begun * (500_000 // len(begun)))) > 0


def test_a_value_is_cleaned_at_every_depth_and_in_every_kind():
    kept = Secret("sesame-opens")
    value = {"a": ["sesame-opens", ("x", 1)], "sesame-opens": {"b": b"sesame-opens"}, "n": None, "o": {kept, 2.5}}
    clean = cleaned(value)
    assert "sesame" not in repr(clean)
    assert clean["a"] == ["***", ["x", 1]]
    assert clean["n"] is None


def test_a_value_that_holds_itself_is_cleaned_too():
    kept, loop = Secret("sesame-opens"), ["sesame-opens"]
    loop.append(loop)
    assert "sesame" not in repr(cleaned(loop))
    assert kept


def test_no_error_of_ours_says_a_secret():
    kept = Secret("sesame-opens")
    error = ResponseError(
        "refused: sesame-opens", 400, details=[{"token": "sesame-opens"}], url="https://x.test/?q=sesame-opens"
    )
    error.add_note("sent c2VzYW1lLW9wZW5z")
    told = f"{error} {error!r} {error.args} {vars(error)} {error.__notes__} {pickle.dumps(error)!r}"
    assert "sesame" not in told
    assert "c2VzYW1l" not in told
    assert error.details == ({"token": "***"},)
    assert kept


@pytest.mark.parametrize("kind", [DockerError, TransportError])
def test_an_error_that_is_pickled_says_the_same(kind):
    error = kind("could not: https://ada:sesame@r.test", url="https://r.test/v2/")
    revived = pickle.loads(pickle.dumps(error))
    assert str(revived) == str(error) == "could not: https://***@r.test"


def _calls(work):
    """Function calls, of C too, that `work` makes when all that it compiles is there."""
    work()
    counted = [0]

    def count(_frame, event, _argument):
        counted[0] += event in {"call", "c_call"}

    sys.setprofile(count)
    try:
        work()
    finally:
        sys.setprofile(None)
    return counted[0]
