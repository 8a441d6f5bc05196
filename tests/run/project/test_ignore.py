import pytest
from hypothesis import given
from hypothesis import strategies as st

from chamber.core.errors import ConfigurationError
from chamber.core.writing import PART
from chamber.run.project.ignore import Rules


@pytest.mark.parametrize(
    ("rules", "path", "excluded"),
    [
        ("data", "data/a/b.bin", True),
        ("data", "src/data/a.bin", False),
        ("**/data", "src/data/a.bin", True),
        ("/data/", "data/a", True),
        ("./data", "data/a", True),
        ("*.txt", "a.txt", True),
        ("*.txt", "docs/a.txt", False),
        ("**/*.txt", "docs/a.txt", True),
        ("docs/**", "docs/a/b", True),
        ("docs/**/b", "docs/b", True),
        ("a?c", "abc", True),
        ("a?c", "a/c", False),
        ("[ab].txt", "a.txt", True),
        ("*\n!src", "src/deep/train.py", False),
        ("*\n!src\nsrc/deep", "src/deep/train.py", True),
        ("*.md\n!README.md", "README.md", False),
        ("!README.md\n*.md", "README.md", True),
        ("# a comment\n\n  a.txt  ", "a.txt", True),
        ("foo/../a.txt", "a.txt", True),
        (r"\!a.txt", "!a.txt", True),
        (".", "a.txt", False),
    ],
)
def test_dockers_rules_decide(rules: str, path: str, *, excluded: bool) -> None:
    assert Rules(rules).excludes(path) is excluded


@pytest.mark.parametrize("name", ["Dockerfile.chamber", "deep/x.py"])
def test_what_a_killed_process_left_of_a_file_is_no_part_of_the_project(name: str) -> None:
    folder, _, file = name.rpartition("/")
    assert Rules().excludes(f"{folder}/.{file}.01234567{PART}".lstrip("/"))


def test_the_ignore_setting_comes_after_the_file() -> None:
    assert not Rules("*.txt", ["!a.txt"]).excludes("a.txt")


SECRETS = """
    .env .ENV.local deep/.envrc .netrc .ssh/config keys/id_rsa id_ed25519.pub a/server.pem tls.key x.p12 x.pfx
    .aws/credentials .azure/token home/.config/gcloud/adc.json .kube/config kubeconfig .docker/config.json
    .git-credentials .git/config .npmrc .pypirc .huggingface/token token.json deep/token.json
    .chamber/config.json infra/x.tfstate
"""


@pytest.mark.parametrize("path", SECRETS.split())
def test_secrets_stay_behind_whatever_the_project_says(path: str) -> None:
    assert Rules("", [f"!{path}", "!**"]).excludes(path)
    assert not Rules("", [], [path]).excludes(path)


@pytest.mark.parametrize(
    "path", ["tokenizer.json", "tokenizer_config.json", "environment.yml", "src/env.py", "keys.py"]
)
def test_what_models_need_goes_along(path: str) -> None:
    assert not Rules().excludes(path)


def test_what_tools_leave_behind_can_be_readmitted() -> None:
    assert Rules().excludes("src/__pycache__/a.pyc")
    assert not Rules("!node_modules").excludes("node_modules/a.js")


def test_a_folder_is_read_only_where_something_in_it_can_come_along() -> None:
    assert Rules("data").prunes("data")
    assert Rules("data\n!src/x").prunes("data")
    assert not Rules("data\n!data/keep/x").prunes("data")
    assert not Rules("data\n!**/x").prunes("data")
    assert not Rules("", [], [".aws/config"]).prunes(".aws")
    assert not Rules("src/*.py").prunes("src")


@pytest.mark.parametrize("pattern", ["!", "! ", "!/"])
def test_an_exception_of_nothing_is_refused_with_its_line(pattern: str) -> None:
    with pytest.raises(ConfigurationError, match=r"\.dockerignore, line 2"):
        Rules(f"data\n{pattern}")


@given(st.text(max_size=30), st.text(st.characters(exclude_characters="\0"), min_size=1, max_size=20))
def test_any_text_is_a_rule_or_our_error(rules: str, path: str) -> None:
    try:
        assert Rules(rules).excludes(path.strip("/") or "a") in (True, False)
    except ConfigurationError as error:
        assert "line" in str(error)  # noqa: PT017 - either outcome is right
