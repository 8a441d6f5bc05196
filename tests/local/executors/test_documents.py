"""Objects are read from YAML, and from JSON as JSON is."""

import json

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from chamber.local.executors.documents import annotations, documents
from chamber.local.executors.refusal import Refused

values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(st.characters(codec="utf-8"), max_size=6),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=8,
)
objects = st.lists(st.dictionaries(st.text(st.characters(codec="utf-8"), max_size=4), values, max_size=3), max_size=3)


@settings(deadline=None)
@given(objects, st.booleans(), st.sampled_from([None, 2]))
def test_json_is_read_as_it_was_written(held, ascii_only, indent):
    text = "\n---\n".join(json.dumps(one, ensure_ascii=ascii_only, indent=indent) for one in held)

    assert list(documents(text)) == held


def test_an_emoji_in_two_halves_is_one_character():
    assert list(documents('{"a": "\\ud83d\\ude00"}')) == [{"a": "😀"}]


def test_yaml_that_begins_as_json_does_is_read_as_yaml():
    assert list(documents("{a: b}\n---\n- no object\n---\nc: 1\n")) == [{"a": "b"}, {"c": 1}]
    assert list(documents('{"a": 1}\n---\nb: 2\n')) == [{"a": 1}, {"b": 2}]


@pytest.mark.parametrize("text", ['{"a": "\\ud83d"}', '{"a":' * 5000, "a: [", "{", '{"a": 1} {'])
def test_what_is_neither_is_refused(text):
    with pytest.raises(Refused, match="k8s_manifest is not YAML"):
        list(documents(text))


def test_annotations_of_the_first_object_come_before_others():
    objects = [{"metadata": {"annotations": {"a": "1"}}}, {"metadata": {"annotations": {"a": "2", "b": "3"}}}]

    assert annotations(yaml.safe_dump_all([*objects, {"metadata": []}])) == {"a": "1", "b": "3"}
    assert annotations(None) == annotations("a: [") == {}
