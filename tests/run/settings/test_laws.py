"""The laws of merging: an argument wins, variables are merged one by one, and nothing else decides."""

from pathlib import Path
from typing import Any

import yaml
from hypothesis import given
from hypothesis import strategies as st

from chamber.run.settings.configuration import RunSettings, resolve

words = st.from_regex(r"[a-z][a-z0-9]{0,7}", fullmatch=True)
texts = st.text(st.characters(categories=["L", "N", "P", "Zs"]), min_size=1, max_size=12).filter(str.strip)
variables = st.dictionaries(st.sampled_from(["A", "B", "LR", "SEED"]), texts, max_size=4)
#: Key -> what it may hold, written alike in a file and as an argument.
values: dict[str, st.SearchStrategy[Any]] = {
    "name": words,
    "gpus": st.integers(1, 64),
    "gpu_type": st.sampled_from(["A100", "H200", "RTX 4090"]),
    "team": words,
    "registry": words,
    "entrypoint": words,
    "entrypoint_args": st.lists(texts, max_size=3),
    "distributed": st.sampled_from(["auto", "ray", "deepspeed", "none"]),
    "job_class": st.sampled_from(["RESERVED", "ELASTIC"]),
    "python_version": st.sampled_from(["3.11", "3.12", "3.13.1"]),
    "cpu": st.sampled_from(["8", "500m"]),
    "memory": st.sampled_from(["64Gi", "1.5T"]),
    "extra_pip_packages": st.lists(words, max_size=2),
    "pre_build_commands": st.lists(words, max_size=2),
    "priority": st.integers(0, 200),
    "nodes": st.integers(1, 8),
    "platform": st.sampled_from(["linux/arm64", "linux/amd64"]),
}
some: st.SearchStrategy[dict[str, Any]] = st.fixed_dictionaries({}, optional=values)


def _resolved(directory: Path, file: dict[str, Any], arguments: dict[str, Any], **options: Any) -> RunSettings:
    (directory / ".chamber.yaml").write_text(yaml.safe_dump(file, allow_unicode=True), "utf-8")
    return resolve(directory, arguments, **{"environ": {}, **options})[0]


def _normal(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


@given(file=some, arguments=some)
def test_an_argument_wins_over_the_file_and_the_file_over_the_default(
    tmp_path: Path, file: dict[str, Any], arguments: dict[str, Any]
) -> None:
    defaults, merged = _resolved(tmp_path, {}, {}), _resolved(tmp_path, file, arguments)
    for name in values:
        there = [source for source in (arguments, file) if name in source]
        assert getattr(merged, name) == (_normal(there[0][name]) if there else getattr(defaults, name))
        source = "argument" if name in arguments else ".chamber.yaml" if name in file else "default"
        assert merged.sources[name] == source


@given(file=some, arguments=some)
def test_what_the_file_says_of_what_is_an_argument_decides_nothing(
    tmp_path: Path, file: dict[str, Any], arguments: dict[str, Any]
) -> None:
    others = {name: value for name, value in file.items() if name not in arguments}
    assert _resolved(tmp_path, file, arguments) == _resolved(tmp_path, others, arguments)


@given(file=some)
def test_the_order_of_a_file_decides_nothing(tmp_path: Path, file: dict[str, Any]) -> None:
    text = yaml.safe_dump(dict(reversed(file.items())), allow_unicode=True, sort_keys=False)
    ordered = _resolved(tmp_path, file, {})
    (tmp_path / ".chamber.yaml").write_text(text, "utf-8")
    assert resolve(tmp_path, {}, {})[0] == ordered


@given(file=some, default=words)
def test_the_users_registry_comes_after_the_projects_and_decides_nothing_else(
    tmp_path: Path, file: dict[str, Any], default: str
) -> None:
    with_default = _resolved(tmp_path, file, {}, default_registry=default)
    assert with_default.registry == file.get("registry", default)
    without = _resolved(tmp_path, file, {})
    assert {**with_default.shown, "registry": None} == {**without.shown, "registry": None}


@given(file=variables, arguments=variables, here=variables, forwarded=st.sets(st.sampled_from(["A", "LR", "Z"])))
def test_variables_are_merged_one_by_one_and_each_says_where_it_came_from(
    tmp_path: Path, file: dict[str, str], arguments: dict[str, str], here: dict[str, str], forwarded: set[str]
) -> None:
    given_here = {name: value for name, value in here.items() if name in forwarded}
    merged = _resolved(tmp_path, {"env": file}, {"env": arguments, "forward_env": sorted(forwarded)}, environ=here)
    assert merged.env == {**given_here, **file, **arguments}
    for name in merged.env:
        source = "argument" if name in arguments else ".chamber.yaml" if name in file else "forward_env"
        assert merged.sources[f"env.{name}"] == source


@given(
    file=variables, arguments=variables, secret=st.sets(st.sampled_from(["A", "B", "LR"])), by_argument=st.booleans()
)
def test_a_variable_from_a_secret_is_never_plain_too(
    tmp_path: Path, file: dict[str, str], arguments: dict[str, str], secret: set[str], by_argument: bool
) -> None:
    secrets = {"secrets": dict.fromkeys(secret, "keys/one")}
    merged = _resolved(
        tmp_path,
        {"env": file, **({} if by_argument else secrets)},
        {"env": arguments, **(secrets if by_argument else {})},
    )
    assert not merged.env.keys() & merged.secrets.keys()
    # An argument wins here too: a plain value that is an argument takes the place of a secret that a file names.
    assert set(merged.secrets) == (secret if by_argument else secret - arguments.keys())
    assert merged.env.keys() | merged.secrets.keys() == file.keys() | arguments.keys() | secret
