from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from chamber.run.planning.history import LastRun, changed, read, remember

RUN = LastRun(environment={"base": "a.test/b:1", "files": {"requirements.txt": "aa"}}, content_key="0" * 16)
INPUTS = st.dictionaries(
    st.text(max_size=3), st.one_of(st.integers(0, 2), st.dictionaries(st.text(), st.integers(0, 2)))
)


def test_what_is_remembered_is_read() -> None:
    remember("/project", "r.test/p", RUN)
    assert read("/project", "r.test/p") == RUN


def test_another_project_and_another_repository_have_their_own() -> None:
    remember("/project", "r.test/p", RUN)
    assert read("/other", "r.test/p") is None
    assert read("/project", "r.test/q") is None


def test_a_broken_record_is_no_record(own_settings: Path) -> None:
    remember("/project", "r.test/p", RUN)
    (file,) = (own_settings / "cache").iterdir()
    for broken in (b"", b"{", b"[]", b"\xff", b'{"schema": 99, "environment": {}, "content_key": ""}'):
        file.write_bytes(broken)
        assert read("/project", "r.test/p") is None


def test_a_record_is_the_owners_alone(own_settings: Path) -> None:
    remember("/project", "r.test/p", RUN)
    (file,) = (own_settings / "cache").iterdir()
    assert file.stat().st_mode & 0o777 == 0o600


def test_where_nothing_can_be_kept_nothing_is_said(own_settings: Path) -> None:
    own_settings.write_text("a file in the place of the folder")
    remember("/project", "r.test/p", RUN)
    assert read("/project", "r.test/p") is None


def test_a_changed_file_is_named_and_not_its_mapping() -> None:
    before = {"base": "a", "files": {"requirements.txt": "1", "more.txt": "1"}, "apt": ["git"]}
    now = {"base": "b", "files": {"requirements.txt": "2", "more.txt": "1"}, "apt": ["git"]}
    assert list(changed(before, now)) == ["base", "requirements.txt"]


@given(INPUTS, INPUTS)
def test_nothing_changed_if_and_only_if_they_are_equal(before: dict[str, object], now: dict[str, object]) -> None:
    assert (not list(changed(before, now))) == (before == now)
    assert set(changed(before, now)) == set(changed(now, before))
