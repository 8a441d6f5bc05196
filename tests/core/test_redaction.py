from __future__ import annotations

import copy
import json
import pickle

import msgspec
import pytest

from chamber.core.redaction import Secret, redacted


def test_a_secret_shows_itself_to_nobody_but_who_asks():
    secret = Secret("very-secret")
    shown = f"{secret} {secret!r} {secret!s} {[secret]} {pickle.dumps(secret)!r} {vars(Secret)}"
    assert "very-secret" not in shown
    assert secret.reveal() == "very-secret"
    with pytest.raises(TypeError):
        json.dumps(secret)
    with pytest.raises(TypeError):
        msgspec.json.encode(secret)


def test_a_copy_within_the_process_is_the_same_secret():
    assert copy.copy(Secret("a")) == copy.deepcopy(Secret("a")) == Secret("a")


def test_secrets_are_compared_by_what_they_are():
    assert Secret("a") == Secret("a") != Secret("b")
    assert Secret("a") != "a"
    assert len({Secret("a"), Secret("a"), Secret("b")}) == 2


@pytest.mark.parametrize("nothing", [None, "", Secret("")])
def test_a_text_without_secrets_is_not_altered(nothing):
    assert redacted("plain text", nothing, Secret("very-secret")) == "plain text"


def test_every_secret_is_taken_out_of_a_text():
    assert redacted("a one b two one", Secret("one"), "two") == "a *** b *** ***"
