import json
import logging

import pytest

from chamber.core.errors import ConfigurationError
from chamber.core.redaction import Secret
from chamber.local import LocalChamber, __main__
from chamber.local.configuration import configured, read
from chamber.local.secrets import secrets_of

VALUE = "correct-horse-battery-staple"


def reference(name="wandb", key="api-key", **more):
    return [{"name": "WANDB_API_KEY", "valueFrom": {"secretKeyRef": {"name": name, "key": key, **more}}}]


@pytest.fixture
def call(tools, tmp_path):
    with LocalChamber(data_dir=tmp_path / "data", grace=1.0, secrets={"wandb": {"api-key": VALUE}}) as chamber:
        yield tools.Caller(chamber)


def test_a_job_has_the_value_and_its_log_does_not(call):
    code = f"import os; v = os.environ['WANDB_API_KEY']; print(v == '{VALUE[:7]}' + '{VALUE[7:]}', v)"
    done = call.wait(call.run(["python", "-c", code], reference()), "completed")

    assert call.chamber.logs(done["workload_id"]) == "True ***\n"


def test_a_variable_before_the_command_may_hold_it(call):
    env = [*reference(), {"name": "HEADER", "value": "key $(WANDB_API_KEY)"}]
    done = call.wait(call.run(["python", "-c", "import os; print(len(os.environ['HEADER']))"], env), "completed")

    assert call.chamber.logs(done["workload_id"]) == f"{len(VALUE) + 4}\n"


@pytest.mark.parametrize("pods", [1, 2])
def test_the_value_is_nowhere_while_the_job_runs_and_after_it(call, tools, tmp_path, caplog, pods):
    caplog.set_level(logging.DEBUG)
    manifest = json.loads(tools.job(["sh", "-c", "echo $WANDB_API_KEY; sleep 600"], reference()))
    manifest["spec"] |= {"completionMode": "Indexed", "completions": pods, "parallelism": pods}
    workload = call.submit(k8s_manifest=json.dumps(manifest))
    tools.until(lambda: call.chamber.logs(workload).count("***") == pods)
    lines = tools.command_lines()
    files = {path: path.read_bytes() for path in (tmp_path / "data").rglob("*") if path.is_file()}
    call("POST", f"/v1/workloads/{workload}/cancel")
    answers = [call("GET", f"/v1/workloads{path}").body for path in ("", f"/{workload}", f"/{workload}/logs")]

    assert len(files) > 3
    assert not [path for path, content in files.items() if VALUE.encode() in content]
    assert not any(VALUE in line for line in lines)
    assert not any(VALUE.encode() in answer for answer in answers)
    assert VALUE not in caplog.text
    assert VALUE not in repr((call.chamber, vars(call.chamber)))


def test_a_reason_has_no_value(call):
    failed = call.wait(call.run(["sh", "-c", "echo lost $WANDB_API_KEY; exit 3"], reference()), "failed")

    assert failed["failure_reason"] == "exit code 3: lost ***"


@pytest.mark.parametrize(
    ("asked", "reason"),
    [
        (reference("aws"), "and this Chamber has no secret 'aws': give it with LocalChamber(secrets={'aws':"),
        (reference(key="token"), "key 'token', and this Chamber has no key 'token' in it: give it with"),
    ],
)
def test_a_missing_secret_fails_the_workload_and_says_what_to_do(call, asked, reason):
    failed = call.wait(call.run(["true"], asked), "failed")

    assert failed["failure_reason"].startswith("the manifest takes WANDB_API_KEY from the secret")
    assert reason in failed["failure_reason"]


def test_a_missing_secret_that_is_optional_is_left_out(call):
    code = "import os; print('WANDB_API_KEY' in os.environ)"
    done = call.wait(call.run(["python", "-c", code], reference("aws", optional=True)), "completed")

    assert call.chamber.logs(done["workload_id"]) == "False\n"


def test_values_are_texts_secrets_or_variables():
    held = secrets_of({"a": {"b": "one", "c": Secret("two"), "d": {"env": "THREE"}}}, "here", {"THREE": "three"})

    assert {key: value.reveal() for key, value in held["a"].items()} == {"b": "one", "c": "two", "d": "three"}
    assert repr(held) == "{'a': {'b': ***, 'c': ***, 'd': ***}}"


@pytest.mark.parametrize(
    ("given", "text"),
    [
        ([], "secrets are values by name and key, such as"),
        ({"wandb": VALUE}, "the secret 'wandb' has no keys"),
        ({"wandb": {"api-key": 1234567890}}, "key 'api-key' of the secret 'wandb' is a int: write a text"),
        ({"wandb": {"api-key": {"env": "NOT_SET"}}}, "is the environment variable NOT_SET, which is not set"),
        ({"wandb": {"api-key": {"file": VALUE}}}, "is a dict: write a text"),
        ({"wandb": {"api-key": f"{VALUE}\0"}}, "has a NUL in it"),
    ],
)
def test_what_is_no_secret_is_an_error_without_its_value(given, text):
    with pytest.raises(ConfigurationError) as raised:
        configured({"secrets": given} if given else {"secrets": [VALUE]}, "chamber.yaml")

    assert text in str(raised.value)
    assert VALUE not in str(raised.value)
    assert "1234567890" not in str(raised.value)


@pytest.fixture
def file(tmp_path):
    def write(text, mode=0o600):
        path = tmp_path / "chamber.yaml"
        path.write_text(text)
        path.chmod(mode)
        return path

    return write


def test_a_file_holds_secrets_for_its_owner_alone(file):
    text = f"secrets: {{wandb: {{api-key: {VALUE}}}}}"

    assert read(file(text)).secrets["wandb"]["api-key"] == Secret(VALUE)
    with pytest.raises(ConfigurationError, match="others can read it: chmod 600"):
        read(file(text, 0o640))


def test_a_file_that_only_names_variables_may_be_read_by_all(file, monkeypatch):
    monkeypatch.setenv("KEY", VALUE)

    held = read(file("secrets: {wandb: {api-key: {env: KEY}}}", 0o644)).secrets

    assert held["wandb"]["api-key"].reveal() == VALUE


def test_a_file_that_is_no_yaml_is_an_error_without_what_is_in_it(file):
    with pytest.raises(ConfigurationError, match="is not YAML in line 3") as raised:
        read(file(f"secrets:\n  wandb: {{api-key: {VALUE}\n"))

    assert VALUE not in str(raised.value)


def test_the_command_gives_its_chamber_what_the_file_has(file):
    config = file(f"secrets: {{wandb: {{api-key: {VALUE}}}}}")
    asked = __main__._parser().parse_args(
        ["up", "--config", str(config), "--log-limit", "5", "--container-gpus", "count"]
    )

    settings = __main__._chamber(asked)._settings

    assert settings.configuration.secrets == {"wandb": {"api-key": Secret(VALUE)}}
    assert (settings.log_limit, settings.container_gpus) == (5, "count")
    assert VALUE not in repr(settings)
