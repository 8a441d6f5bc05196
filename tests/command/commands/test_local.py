"""``chamber local`` is what chamber-local does, and ``chamber completion`` what shells need."""

import os
import shutil
import subprocess
import sys

import pytest


def test_the_words_are_handed_over_as_they_are(capfd, cli):
    done = cli("local", "status")
    assert done.exit_code == 1
    assert done.stdout == "no Chamber runs: `chamber local up` starts one\n"


def test_without_words_the_help_of_chamber_local_is_shown(cli):
    done = cli("local")
    assert done.exit_code == 0
    assert done.stdout.startswith("usage: chamber local ")
    assert "--data-dir" in done.stdout
    assert "chamber local up --executor simulated --seed demo" in done.stdout
    assert cli("local", "--help").stdout == done.stdout


@pytest.mark.parametrize("words", [[], ["logs"], ["--no-such-option"]], ids=["help", "logs", "wrong"])
def test_what_it_tells_names_the_command_that_was_called(cli, words):
    done = cli("local", *words)
    assert "chamber local" in done.output
    assert "chamber.local" not in done.output


def test_a_chamber_that_was_started_is_found_and_stopped(cli, own_settings):
    environment = dict(os.environ)
    command = [sys.executable, "-m", "chamber.command", "local", "up", "--executor", "simulated"]
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as process:
        exported = [process.stdout.readline() for _ in range(5)]
        assert exported[0].startswith("export CHAMBER_API_URL=http://127.0.0.1:")
        assert exported[0].strip().partition("=")[2] in cli("local", "status").stdout
        assert cli("local", "down").exit_code == 0
        assert process.wait(timeout=60) == 0


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_every_shell_has_its_completion(cli, shell):
    done = cli("completion", shell)
    assert done.exit_code == 0
    assert "_CHAMBER_COMPLETE" in done.stdout


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("chamber wor", {"workloads"}),
        ("chamber workloads wa", {"wait", "watch"}),
        ("chamber run --dist", {"--distributed"}),
        ("chamber run --distributed d", {"deepspeed"}),
        ("chamber workloads list -o js", {"json", "jsonl"}),
    ],
)
def test_bash_completes_commands_options_and_values(typed, expected, tmp_path):
    assert shutil.which("bash")
    (tmp_path / "chamber").write_text(f"#!{sys.executable}\nfrom chamber.command.program import main\nmain()\n")
    (tmp_path / "chamber").chmod(0o755)
    words = typed.split()
    program = (
        'eval "$(chamber completion bash)"\n'
        f"COMP_WORDS=({typed}); COMP_CWORD={len(words) - 1}\n"
        '_chamber_completion chamber\nprintf "%s\\n" "${COMPREPLY[@]}"'
    )
    environment = {**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}"}
    done = subprocess.run(["bash", "-c", program], env=environment, capture_output=True, text=True, check=False)
    assert set(done.stdout.split()) == expected, done.stderr
