"""Every command is where the table says, and says what the table says."""

import inspect
import shlex

import click
import pytest

from chamber.command.options import Command, Group
from chamber.command.program import chamber
from chamber.command.tree import COMMANDS
from chamber.run.operations import RunOperations
from chamber.run.signatures import ProjectOptions


def _leaves():
    return {name: leaf for leaves in COMMANDS.values() for name, leaf in leaves.items()}


def _commands(command=chamber, path=("chamber",)):
    """Every command that is no group, with the words that call it."""
    context = click.Context(command, info_name=path[-1])
    if not isinstance(command, click.Group):
        yield path, command
        return
    for name in command.list_commands(context):
        yield from _commands(command.get_command(context, name), (*path, name))


ALL = dict(_commands())
NAMES = [" ".join(path) for path in ALL]


@pytest.mark.parametrize("name", _leaves())
def test_a_command_is_where_the_table_says_and_has_its_help(name):
    found = chamber.get_command(click.Context(chamber), name)
    assert found.name == name
    assert _leaves()[name].help == found.help.splitlines()[0]


def test_every_command_of_the_project_is_there():
    assert {*_leaves()} == {
        "login", "logout", "whoami", "run", "submit", "workloads", "logs", "capacity", "teams", "templates",
        "allocations", "registries", "plugins", "doctor", "local", "config", "completion",
        "submissions",
    }  # fmt: skip
    assert {" ".join(path[2:]) for path in ALL if path[1] == "workloads"} == {
        "list", "get", "search", "stats", "metrics", "cancel", "wait", "watch", "explain",
    }  # fmt: skip


@pytest.mark.parametrize("path", ALL, ids=NAMES)
def test_a_command_has_help_and_examples(path, cli):
    shown = cli(*path[1:], "--help").stdout
    assert ALL[path].examples
    if path[1] != "local":  # which hands everything over
        assert ALL[path].help.split("\n")[0].split(":")[0] in shown
        typed = " ".join(shown.replace("\\\n", " ").split())
        assert all(" ".join(example.split()) in typed for example in ALL[path].examples)
        assert max(map(len, shown.splitlines())) <= 80
        assert "-h, --help" in shown.partition("Everywhere:")[2]
        assert {"ID...", "ID", "[ID]", "[ID]...", "[DIRECTORY]", "[ARGUMENTS]..."}.isdisjoint(
            map(str.strip, shown.splitlines())
        )


@pytest.mark.parametrize("group", sorted({path[1] for path in ALL if len(path) == 3}))
def test_the_help_of_a_group_tells_what_each_of_its_commands_does(group, cli):
    shown = " ".join(cli(group, "--help").stdout.split())
    sentences = [command.help.partition(".")[0] for path, command in ALL.items() if path[1] == group]
    assert [sentence for sentence in sentences if " ".join(sentence.split()) not in shown] == []


@pytest.mark.parametrize("example", [line for command in ALL.values() for line in command.examples])
def test_an_example_is_a_command_line_that_is_understood(example, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("job.yaml", "my-project"):
        (tmp_path / name).mkdir() if "." not in name else (tmp_path / name).write_text("")
    within = example.partition("$(")[2].rpartition(")")[0] or example
    line = next(part for part in within.split(" | ") if part.startswith("chamber"))
    words = shlex.split(line.partition(" > ")[0])
    context, command = click.Context(chamber, info_name="chamber"), chamber
    words = words[1:]
    while isinstance(command, click.Group):
        name, command, words = command.resolve_command(context, words)
        context = click.Context(command, info_name=name, parent=context)
    assert command.make_context(name, list(words), parent=context.parent, resilient_parsing=False)


@pytest.mark.parametrize("path", ALL, ids=NAMES)
def test_every_command_takes_a_format_and_tells_what_it_does(path):
    options = {option for param in ALL[path].params for option in param.opts}
    assert path[1] == "local" or {"-o", "--output", "--debug"} <= options
    assert isinstance(ALL[path], Command)


def test_groups_take_the_same_options():
    context = click.Context(chamber)
    groups = [chamber.get_command(context, name) for name in _leaves()]
    for group in [chamber, *(group for group in groups if isinstance(group, click.Group))]:
        assert isinstance(group, Group)
        assert "--output" in {option for param in group.params for option in param.opts}


def test_run_has_an_option_for_every_parameter_of_the_client():
    own = {name for name in inspect.signature(RunOperations.run).parameters if name not in {"self", "project"}}
    offered = {param.name for param in ALL["chamber", "run"].params}
    assert (own | set(ProjectOptions.__annotations__)) - offered == {"on_progress", "progress"}
    assert offered - own - set(ProjectOptions.__annotations__) == {"arguments", "output", "debug", "quiet"}


def test_the_names_and_flags_of_the_vendors_own_command_work(cli, seeded):
    """The commands in ``api.md``, and the flags that the vendor's pages show with them."""
    some = seeded.workloads()[0].id
    for line in (
        "whoami",
        "workloads list --status completed --initiative init_vision --limit 2 -o json",
        "workloads list -o table",
        f"workloads get {some}",
        "workloads stats --time-range last_30_days --group-by submitted_by",
        f"workloads metrics {some}",
        "capacity -o json",
        "config set organization_id org_local",
        "completion bash",
        "run . --gpus 4 --gpu-type H100 --team ml --class reserved --dry-run --entrypoint x.py",
        "login --token ch.none --no-verify",
        "logout",
    ):
        done = cli(*line.split(), chamber=seeded)
        expected = 2 if line.startswith("run") else 0  # there is no project here, and the options were understood
        assert done.exit_code == expected, (line, done.output)
        assert "No such option" not in done.output


def test_help_shows_every_command_under_its_heading(cli):
    shown = cli("--help").stdout
    assert [line.rstrip(":") for line in shown.splitlines() if line.rstrip(":") in COMMANDS] == list(COMMANDS)
    assert all(f"  {name} " in shown and leaf.help in shown for name, leaf in _leaves().items())


@pytest.mark.parametrize("word", ["list", "cancel", "explain"])
def test_a_command_of_workloads_is_guessed_by_its_name(cli, word):
    told = f"Error: There is no command {word!r}: did you mean 'workloads {word}'"
    assert cli(word, "wl_1").stderr.startswith(told)


def test_a_command_that_is_almost_right_is_guessed(cli):
    done = cli("wrkloads", "list")
    assert (done.exit_code, done.stderr) == (
        2,
        "Error: There is no command 'wrkloads': did you mean 'workloads'; `chamber --help` shows how it is used\n",
    )
