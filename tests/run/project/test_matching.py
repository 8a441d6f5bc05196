from hypothesis import example, given
from hypothesis import strategies as st

from chamber.run.project.ignore import ALWAYS, SECRETS, Rules
from chamber.run.project.matching import AnyOf, Signs, listed
from chamber.run.project.patterns import ours

PARTS = st.text(st.sampled_from("ab.*?"), min_size=1, max_size=4)
PATTERNS = st.one_of(
    st.sampled_from([*ALWAYS, *SECRETS]),
    st.builds(lambda begin, parts: begin + "/".join(parts), st.sampled_from(["", "**/"]), st.lists(PARTS, min_size=1)),
)
NAMES = st.one_of(
    st.text(st.sampled_from("ab."), min_size=1, max_size=4),
    st.sampled_from(
        ["id_rsa.pub", ".env.local", "x.PEM", "x.pem", ".config", "gcloud", ".docker", "config.json", ".git"]
    ),
)


@given(patterns=st.lists(PATTERNS, max_size=6), parts=st.lists(NAMES, min_size=1, max_size=3))
@example(patterns=["**/.config/gcloud"], parts=["x.config", "gcloud"])
@example(patterns=["**/*a"], parts=["b", "a"])
@example(patterns=["*a"], parts=["b", "a"])
@example(patterns=["**/a*b"], parts=["ab"])
@example(patterns=["**/*"], parts=["a\nb"])
@example(patterns=["a**/b"], parts=["ab"])
def test_any_of_several_patterns_matches_what_one_of_them_does(patterns: list[str], parts: list[str]) -> None:
    known, path = ours(patterns), "/".join(parts)
    assert AnyOf(known).matches(path, parts[-1]) == any(pattern.regex.match(path) for pattern in known)
    assert Signs(patterns).are_in(listed(["z", parts[-1], "y"])) or not AnyOf(known).matches(path, parts[-1])


def test_most_names_concern_no_pattern_and_need_not_be_asked_about() -> None:
    names = listed(["train.py", "model.py", "README.md", "config.yaml"])
    assert not Signs([*ALWAYS, *SECRETS]).are_in(names)
    assert Signs(SECRETS).are_in(listed(["a", "id_rsa.pub"]))


def test_names_concern_our_patterns_in_any_case_and_a_projects_own_as_they_are_written() -> None:
    rules = Rules("Data\n")
    assert all(rules.concern(["a", name]) for name in (".DS_Store", "ID_RSA", "x.PEM", "KubeConfig", "Data"))
    assert not rules.concern(["a", "data"])
