"""Section "Enums"."""

import pytest

from chamber.core import AllocationStatus, JobClass, JobStatus, ScalingMode

WORDS = {
    JobStatus: "PENDING QUEUED STARTING RUNNING COMPLETED FAILED PREEMPTED CANCELLED",
    JobClass: "RESERVED ELASTIC DISCOVERED",
    ScalingMode: "GANG ELASTIC",
    AllocationStatus: "ACTIVE RELEASED EXPIRED",
}
MEMBERS = [(enumeration, word) for enumeration, words in WORDS.items() for word in words.split()]


@pytest.mark.parametrize(("enumeration", "words"), WORDS.items())
def test_the_words_are_those_of_the_reference(enumeration, words):
    assert list(enumeration.__members__) == words.split()


@pytest.mark.parametrize(("enumeration", "word"), MEMBERS)
def test_a_word_prints_as_itself_and_is_found_in_any_case(enumeration, word):
    member = getattr(enumeration, word)
    assert (str(member), f"{member}", member.value, member == word) == (word, word, word, True)
    assert all(enumeration(spelt) is member for spelt in (word, word.lower(), word.title()))


def test_a_word_to_come_keeps_its_text():
    paused = JobStatus("Paused")
    assert (str(paused), paused == "Paused", paused == JobStatus("Paused")) == ("Paused", True, True)
    assert (paused.is_known, paused.is_terminal, hash(paused) == hash("Paused")) == (False, False, True)


def test_four_statuses_are_the_end():
    ends = [status for status in JobStatus if status.is_terminal]
    assert ends == [JobStatus.COMPLETED, JobStatus.FAILED, JobStatus.PREEMPTED, JobStatus.CANCELLED]
