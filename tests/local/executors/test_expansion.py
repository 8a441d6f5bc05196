import pytest
from hypothesis import given
from hypothesis import strategies as st

from chamber.local.executors.expansion import expanded


@pytest.mark.parametrize(
    ("text", "result"),
    [
        ("$(A)", "1"),
        ("--x=$(A)-$(B)", "--x=1-$(A)"),
        ("$(NONE)", "$(NONE)"),
        ("$$(A)", "$(A)"),
        ("$$$(A)", "$1"),
        ("$$$$(A)", "$$(A)"),
        ("$A ${A} $", "$A ${A} $"),
        ("$(A", "$(A"),
        ("$((A)", "$((A)"),
        ("$()", "$()"),
    ],
)
def test_references_are_expanded_as_kubernetes_does(text, result):
    assert expanded(text, {"A": "1", "B": "$(A)"}) == result


@given(st.text(st.sampled_from("$()AB")))
def test_a_text_with_each_dollar_doubled_stays_what_it_was(text):
    assert expanded(text.replace("$", "$$"), {"A": "1", "": "2"}) == text
