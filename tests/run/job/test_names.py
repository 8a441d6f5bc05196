import hashlib
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chamber.run.job.names import Kind, job_name, label
from chamber.run.reference import Reference

LABEL = re.compile(r"[a-z]([a-z0-9-]*[a-z0-9])?")


@given(st.text(min_size=1, max_size=255))
def test_any_text_becomes_a_label(text: str) -> None:
    made = label(text)
    assert LABEL.fullmatch(made)
    assert len(made) <= 63


@given(st.text(min_size=1, max_size=255))
def test_any_text_becomes_the_name_of_a_job_and_of_a_repository(text: str) -> None:
    assert LABEL.fullmatch(job_name(text, "0123abcd"))
    assert len(job_name(text, "0123abcd")) <= 52
    assert len(job_name(text, "0123abcd", "RayJob")) <= 47
    Reference.parse(f"localhost:5000/{label(text)}:tag")


@given(st.text(min_size=1, max_size=80), st.text(min_size=1, max_size=80))
def test_two_texts_get_two_labels(one: str, other: str) -> None:
    assert (label(one) == label(other)) is (one == other)


@given(st.text(min_size=1, max_size=255), st.text(min_size=1, max_size=255), st.sampled_from(["Job", "RayJob"]))
def test_two_texts_get_two_names(one: str, other: str, kind: Kind) -> None:
    assert (job_name(one, "0123abcd", kind) == job_name(other, "0123abcd", kind)) is (one == other)


def test_a_label_is_kept_as_it_is() -> None:
    assert label("char-model") == "char-model"


def test_a_changed_name_says_so_by_its_hash() -> None:
    assert re.fullmatch(r"my-project-[0-9a-f]{8}", label("My Project"))
    assert re.fullmatch(r"p-7b-[0-9a-f]{8}", label("7b"))


def test_a_name_that_is_no_unicode_becomes_a_label() -> None:
    """As the folder of a project may have one."""
    assert re.fullmatch(r"job-[0-9a-f]{8}", label("job-\udcff"))
    assert label("job-\udcff") != label("job-\udcfe")


def test_two_runs_have_two_names() -> None:
    assert job_name("a", "1") != job_name("a", "2")


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:8]


@pytest.mark.parametrize("kept", ["a", "a1", "a-1", "a" * 63])
def test_what_is_a_label_already_stays_it(kept: str) -> None:
    assert label(kept) == kept


@pytest.mark.parametrize(
    ("text", "readable"),
    [
        ("a" * 64, "a" * 54),
        ("a" * 53 + "-" + "b" * 20, "a" * 53),
        ("-train-", "train"),
        ("--7--", "p-7"),
        ("-", "p"),
        ("Straße X", "stra-e-x"),
    ],
)
def test_as_much_of_a_text_is_kept_as_fits_before_its_hash(text: str, readable: str) -> None:
    assert label(text) == f"{readable}-{_hash(text)}"


@pytest.mark.parametrize(("kind", "room"), [("Job", 43), ("RayJob", 38)])
def test_a_job_is_named_as_long_as_kubernetes_lets_it(kind: Kind, room: int) -> None:
    assert job_name("a" * room, "0123abcd", kind) == f"{'a' * room}-0123abcd"
    long = "a" * (room + 1)
    assert job_name(long, "0123abcd", kind) == f"{'a' * (room - 9)}-{_hash(long)}-0123abcd"
