import pytest

from chamber.run.images.own import starts_itself

SAYS_SO = [
    'FROM a\nCMD ["python", "train.py"]\n',
    "FROM a\nentrypoint python train.py",
    "FROM a AS b\nRUN x\nFROM b\nCMD x",
    "FROM a\nRUN one \\\n  two\nCMD x",
    "# syntax=x\nFROM a\n\n  CMD x",
]
SAYS_NOTHING = [
    "",
    "FROM a\n",
    "FROM a AS b\nCMD x\nFROM c\n",
    "FROM a\nRUN echo \\\n  CMD x\n",
    "FROM a\nRUN echo \\\n# a comment\n  CMD x\n",
    "FROM a\n# CMD x\n",
]


@pytest.mark.parametrize("text", SAYS_SO)
def test_the_last_stage_may_say_what_is_run(text: str) -> None:
    assert starts_itself(text)


@pytest.mark.parametrize("text", SAYS_NOTHING)
def test_what_another_stage_or_a_comment_says_does_not_count(text: str) -> None:
    assert not starts_itself(text)


def test_arguments_are_for_an_entrypoint_and_would_replace_a_cmd() -> None:
    assert starts_itself('FROM a\nENTRYPOINT ["python", "train.py"]', has_arguments=True)
    assert not starts_itself('FROM a\nCMD ["python", "train.py"]', has_arguments=True)
