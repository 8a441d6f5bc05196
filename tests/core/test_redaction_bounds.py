"""From how many characters on a text is a secret, what of it is one alone, and which words give one away."""

import base64
import gc
import string
from traceback import walk_tb

import pytest

from chamber.core import redaction
from chamber.core.redaction import Secret, cleaned, forms, redacted, without_locals


@pytest.mark.parametrize(("value", "shown"), [("7-sever", "7-sever"), ("8-eight-", "***")])
def test_a_secret_that_is_alive_is_known_from_eight_characters_on(value, shown):
    kept = Secret(value)
    assert redacted(f"<{value}>") == f"<{shown}>"
    assert redacted(f"<{value}>", kept) == "<***>", "one that is given is known whatever its length"


@pytest.mark.parametrize(("text", "value", "shown"), [("a%2Fb", "a/b", "a%2Fb"), ("a%2Fbc", "a/bc", "***")])
def test_another_form_of_a_secret_is_known_from_six_characters_on(text, value, shown):
    assert redacted(text, value) == shown


@pytest.mark.parametrize(("line", "shown"), [("x" * 15, "x" * 15), ("0123456789abcdef", "***")])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\\n", "\\r\\n"])
def test_a_line_of_a_secret_is_one_alone_from_sixteen_characters_on(line, shown, end):
    assert redacted(f"<{line}>", f"another line that is long{end}{line}{end}short") == f"<{shown}>"


def test_each_of_two_lines_is_a_secret_alone():
    kept = "first-line-of-a-secret\nsecond-line-of-a-secret"
    assert redacted("first-line-of-a-secret, second-line-of-a-secret", kept) == "***, ***"


@pytest.mark.parametrize("encode", [base64.b64encode, base64.urlsafe_b64encode])
def test_of_a_secret_within_base64_no_character_is_left(encode):
    secret = "~~?sesame>>opens~~?"
    for before, shown in ((b"", 0), (b"a", 2), (b"ab", 3)):
        data = before + secret.encode()
        data += b"z" * (-len(data) % 3)
        text = encode(data).decode()
        left = redacted(text, secret)
        assert left.startswith(f"{text[:shown]}***")
        assert len(left) <= shown + len("***") + 3


def test_a_secret_that_is_gone_is_forgotten():
    gc.collect()
    before = len(redaction._alive)
    secrets = [Secret(f"forgotten-{number}") for number in range(10)]
    assert len(redaction._alive) == before + 10
    del secrets
    gc.collect()
    assert len(redaction._alive) == before


def test_20_levels_of_names_are_cleaned_one_by_one():
    value = deep = {}
    for _ in range(19):
        value["a"] = {}
        value = value["a"]
    value["a"] = 7
    assert cleaned(deep) == deep


def test_the_frame_of_a_key_is_no_secret():
    kept = "-----BEGIN CERTIFICATE-----\nMIIEvQIBADANBgkqhkiG9w0BAQ\n-----END CERTIFICATE-----"
    assert redacted("-----BEGIN CERTIFICATE----- MIIEvQIBADANBgkqhkiG9w0BAQ", kept) == "-----BEGIN CERTIFICATE----- ***"


@pytest.mark.parametrize(
    ("url", "text", "shown"),
    [
        ("https://ada:sesame@host.test/", "with sesame", "with ***"),
        ("https://ada:sesam@host.test/", "with sesam", "with sesam"),
        ("https://lovelace@host.test/", "with lovelace", "with ***"),
        ("https://ada:se%2Fsame@host.test/", "with se/same", "with ***"),
        ("https://[:sesame@host", "with sesame", "with sesame"),
        ("mailto:ada@host.test", "with ada", "with ada"),
    ],
)
def test_the_password_of_a_url_is_a_secret_alone(url, text, shown):
    assert redacted(text, url) == shown


@pytest.mark.parametrize("scheme", ["Basic", "Bearer"])
def test_the_word_after_a_scheme_is_a_secret_alone(scheme):
    assert redacted("with opensesame-1", f"{scheme}  opensesame-1") == "with ***"
    assert redacted("with opensesame-1", f"{scheme}: opensesame-1") == "with opensesame-1"


def test_a_form_that_is_part_of_another_hides_no_more_than_itself():
    assert redacted("abcdefgh abcdef abcde", "abcdefgh", "abcdef") == "*** *** abcde"
    assert redacted("ab abc", "ab") == "*** ***c"
    assert redacted("abcdefg", "ab", "abcdefg") == "***"


@pytest.mark.parametrize("begun", ["a", "aa"])
def test_a_secret_behind_what_it_begins_with_is_found(begun):
    assert redacted(f"{begun}aaaaaaab", "aaaaaaab") == f"{begun}***"


def test_a_secret_that_is_no_unicode_is_known():
    assert redacted("with \ud800-sesame", "\ud800-sesame") == "with ***"


def test_names_within_themselves_are_cleaned_as_far_as_they_are_shown():
    value = {"b": "sesame-opens"}
    value["a"] = value
    kept = Secret("sesame-opens")
    assert "sesame" not in repr(cleaned(value))
    assert kept


def test_20_levels_are_cleaned_one_by_one():
    value = deep = []
    for _ in range(19):
        value.append([])
        value = value[0]
    value.append("sesame-opens")
    shown = cleaned(deep)
    for _ in range(19):
        (shown,) = shown
    assert shown == ["sesame-opens"]
    assert cleaned([deep]) == [_all_but_the_last(deep)]


def _all_but_the_last(value, levels=19):
    return [_all_but_the_last(value[0], levels - 1)] if levels > 1 else [repr(value[0])]


@pytest.mark.parametrize("value", [1, 2.5, True, None])
def test_what_is_no_text_stays_what_it_is(value):
    assert cleaned({"a": value}) == {"a": value}


def test_a_pair_is_cleaned_as_a_list_and_all_else_as_it_is_shown():
    assert cleaned(("a", {1})) == ["a", "{1}"]
    assert cleaned({("sesame-opens",): 1}) == {"('sesame-opens',)": 1}


def test_a_secret_is_known_by_each_of_its_forms_and_each_is_another():
    value = "a b/c'd\"e<f>&g\nthe-rest-of-it"
    found = forms(value)
    assert {
        value,
        value[::-1],
        value.encode().hex(),
        value.encode().hex().upper(),
        "a%20b%2Fc%27d%22e%3Cf%3E%26g%0Athe-rest-of-it",
        "a%20b%2fc%27d%22e%3cf%3e%26g%0athe-rest-of-it",
        "a+b%2Fc%27d%22e%3Cf%3E%26g%0Athe-rest-of-it",
        "a+b/c%27d%22e%3Cf%3E%26g%0Athe-rest-of-it",
        "a%20b/c%27d%22e%3Cf%3E%26g%0Athe-rest-of-it",
        "a b/c'd\\\"e<f>&g\\nthe-rest-of-it",
        "a b/c\\'d\"e<f>&g\\nthe-rest-of-it",
        "a b/c'd\"e&lt;f&gt;&amp;g\nthe-rest-of-it",
        "a b/c&#x27;d&quot;e&lt;f&gt;&amp;g\nthe-rest-of-it",
        "a b/c'd&#34;e&lt;f&gt;&amp;g\nthe-rest-of-it",
        "a b/c'\"'\"'d\"e<f>&g\nthe-rest-of-it",
        "YSBiL2MnZCJlPGY+JmcKdGhlLXJlc3Qtb2YtaXQ=",
        "YSBiL2MnZCJlPGY+JmcKdGhlLXJlc3Qtb2YtaXQ",
        "YSBiL2MnZCJlPGY-JmcKdGhlLXJlc3Qtb2YtaXQ=",
        "YSBiL2MnZCJlPGY-JmcKdGhlLXJlc3Qtb2YtaXQ",
    } <= found
    assert all(len(form) >= 6 for form in found)


def test_json_has_two_ways_to_write_what_is_not_ascii():
    assert {'\\u00e4\\u00e9\\"secret', 'äé\\"secret'} <= forms('äé"secret')


def failed(module, cause=None, context=None):
    """An error out of a function of that module, which was raised from another one and during a third."""
    names = {"__name__": module} if module else {}
    exec("def fail(held):\n    raise ValueError(held)", names)
    with pytest.raises(ValueError, match="sesame") as caught:
        names["fail"]("sesame")
    caught.value.__cause__, caught.value.__context__ = cause, context
    return caught.value


def held_by(*errors):
    return [
        frame.f_locals["held"]
        for error in errors
        for frame, _ in walk_tb(error.__traceback__)
        if "held" in frame.f_locals
    ]


def test_an_error_and_all_that_it_came_of_take_no_locals_with_them():
    first, second = failed("chamber.one"), failed("chamber.two")
    cause, context = failed("chamber.three", first), failed("aiohttp.four", None, second)
    last = failed("chamber", cause, context)
    second.__context__ = last
    with pytest.raises(ValueError, match="sesame"), without_locals():
        raise last
    assert held_by(first, second, cause, context, last) == []


@pytest.mark.parametrize("module", [None, "", "chambers", "theirs.chamber"])
def test_locals_of_others_stay_with_an_error(module):
    error = failed(module)
    with pytest.raises(ValueError, match="sesame"), without_locals():
        raise error
    assert held_by(error) == ["sesame"]


LOOKS = "0123456789abcdef"
WORDS = ["ghp_", "gho_", "ghu_", "ghs_", "ghr_", "github_pat_", "glpat-", "dckr_pat_", "hf_", "npm_", "pypi-"]
CHAT = [f"xox{kind}-" for kind in "abeprs"]


@pytest.mark.parametrize("begun", [*WORDS, *CHAT, "ch."])
def test_a_token_is_known_by_how_it_begins_and_by_sixteen_characters(begun):
    assert redacted(f"({begun}{LOOKS})") == "(***)"
    assert redacted(f"({begun}{LOOKS[:-1]})") == f"({begun}{LOOKS[:-1]})"
    assert redacted(f"x{begun}{LOOKS}") == f"x{begun}{LOOKS}"
    assert redacted(f"{begun}{string.ascii_uppercase}_-") == "***"


@pytest.mark.parametrize("begun", ["AKIA", "ASIA"])
def test_a_key_of_aws_has_sixteen_characters_more(begun):
    assert redacted(f"({begun}{LOOKS.upper()})") == "(***)"
    for other in (
        f"{begun}{LOOKS[:-1].upper()}",
        f"{begun}{LOOKS.upper()}0",
        f"{begun}{LOOKS}",
        f"X{begun}{LOOKS.upper()}",
    ):
        assert redacted(other) == other


@pytest.mark.parametrize("third", ["c_-9", ""])
def test_a_jwt_is_three_words_of_which_the_last_may_be_empty(third):
    assert redacted(f"(eyJhbGciOi_-9.eyJzdWIiOi_-9.{third})") == "(***)"
    assert redacted("(eyJhbGciO.eyJzdWIiOi.x)") == "(eyJhbGciO.eyJzdWIiOi.x)"


@pytest.mark.parametrize(
    "name",
    [
        *("access_token", "refresh_token", "id_token", "token", "apikey", "api_key", "password", "passwd", "secret"),
        *("client_secret", "sig", "signature", "x-amz-signature", "x-amz-security-token", "x-amz-credential"),
        *("X-Goog-Signature", "x-goog-credential", "TOKEN"),
    ],
)
@pytest.mark.parametrize("before", ["?", "&", ";"])
def test_what_a_query_names_a_secret_is_one(name, before):
    assert redacted(f"https://h.test/{before}{name}=a.b~c&x=1#y") == f"https://h.test/{before}{name}=***&x=1#y"


@pytest.mark.parametrize(
    "name",
    [
        *("auth", "identitytoken", "registrytoken", "password", "passwd", "secret", "client_secret", "clientSecret"),
        *("apikey", "api_key", "private_key", "privateKey", "access_token", "accessToken", "refresh_token", "id_token"),
        *("session_token", "securityToken", "token", "_token", "AccessToken"),
    ],
)
def test_what_json_names_a_secret_is_one(name):
    assert redacted(f'{{"{name}" : "a \\" b", "c": "d"}}') == f'{{"{name}" : "***", "c": "d"}}'


@pytest.mark.parametrize("name", ["Authorization: ", "authorization:", "AUTHORIZATION = ", "'authorization': '"])
@pytest.mark.parametrize("scheme", ["Bearer", "token", "Negotiate"])
def test_what_a_header_authorizes_with_is_a_secret(name, scheme):
    assert redacted(f"{name}{scheme} a, b") == f"{name}{scheme} ***, b"


@pytest.mark.parametrize("scheme", ["bearer", "Basic", "BEARER"])
def test_a_scheme_is_followed_by_a_secret_that_has_a_digit_and_eight_characters(scheme):
    assert redacted(f"{scheme} abcdefg1+/=._~-") == f"{scheme} ***"
    for other in (f"{scheme} abcdef1", f"{scheme} abcdefgh", f"x{scheme} abcdefg1", f"{scheme}     abcdefg1"):
        assert redacted(other) == other
    assert redacted(f"{scheme}    ABCDEFG1") == f"{scheme}    ***"
