import hashlib

from hypothesis import given
from hypothesis import strategies as st

from chamber.run.project.files import ProjectFile
from chamber.run.project.identity import identity, key_of

PATHS = st.sampled_from(["a", "b", "a/b", "ü"])
DIGESTS = st.sampled_from([bytes(32), hashlib.sha256(b"1").digest()])
FILES = st.one_of(
    st.tuples(st.builds(ProjectFile, PATHS, st.integers(0, 2), st.sampled_from([0o644, 0o755])), DIGESTS),
    st.tuples(st.builds(ProjectFile, PATHS, st.just(0), st.just(0o777), PATHS), st.just(b"")),
    st.tuples(st.builds(ProjectFile, PATHS, st.just(0), st.just(0o755), is_folder=st.just(True)), st.just(b"")),
)
File = tuple[ProjectFile, bytes]


@given(one=FILES, other=FILES)
def test_files_are_told_apart_by_path_mode_kind_and_content_and_by_nothing_else(one: File, other: File) -> None:
    (file, digest), (second, another) = one, other
    same = (file.path, file.mode, file.link, file.is_folder, digest) == (
        second.path,
        second.mode,
        second.link,
        second.is_folder,
        another,
    )
    assert (identity(*one) == identity(*other)) == same


def test_a_key_is_the_sha256_of_what_the_files_are() -> None:
    link, script = ProjectFile("l", 0, 0o777, "s"), ProjectFile("s", 1, 0o755)
    content = hashlib.sha256(b"1").digest()
    whole = b"l\x00777\x00link s\x00" + b"s\x00755\x00file\x00" + content
    assert key_of([identity(link, b""), identity(script, content)]) == hashlib.sha256(whole).hexdigest()
